using System.Text.Encodings.Web;
using System.Text.Json;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Comparisons;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Reporting.Json;

/// <summary>
/// A run's numbers for programs: <c>attacks</c> is a flat list, one object for each setting, attack and goal; names end in <c>_low</c> and
/// <c>_high</c> for the ends of 95 % intervals and in <c>_excluding_already_wrong</c> where pairs wrong before the attack are left out
/// instead of counted as successes of norm 0. What cannot be computed (a mean over no success) is null. <c>trust_warnings</c> come first: why
/// numbers below may be wrong. <c>without_gradient</c> counts pairs that attacks gave up for want of a gradient; where it is not 0, norms and
/// ratios do not tell how robust the model is. <c>model_comparisons</c> has several models on the same pairs; there an attack that is null is
/// the best of all for each pair, and an end that is null is infinite. <c>published_comparisons</c> has the run beside published numbers,
/// shares in [0,1]. A run with defenses has besides <c>defense_matrices</c> (both levels of knowledge and the worst case),
/// <c>defense_rankings</c> and <c>clean_costs</c>; one whose images were carried over to other verifiers has <c>transfers</c>.
/// </summary>
public static class SummaryJson
{
    private static readonly JsonWriterOptions Layout = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions SnakeCase = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Writes the file.</summary>
    /// <exception cref="InputException">The file cannot be written; what was there stays.</exception>
    public static void Write(string path, RunSummary summary)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(summary);
        using var bytes = new MemoryStream();
        Write(bytes, summary);
        OutputFile.Write(path, bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    private static void Write(Stream stream, RunSummary summary)
    {
        using (var json = new Utf8JsonWriter(stream, Layout))
        {
            json.WriteStartObject();
            json.WriteBoolean("complete", summary.Complete);
            json.WriteNumber("rows", summary.Rows.Count);
            json.WriteNumber("rows_planned", summary.RowsPlanned);
            Array(json, "trust_warnings", summary.TrustWarnings, warning => Warning(json, warning));
            Array(json, "attacks", summary.Attacks, attack => Attack(json, attack));
            Array(json, "comparisons", summary.Comparisons, comparison => Comparison(json, comparison));
            Array(json, "model_comparisons", summary.ModelComparisons, comparison => Models(json, comparison));
            Array(json, "published_comparisons", summary.PublishedComparisons, comparison => Published(json, comparison));
            DefenseJson.Write(json, summary);
            TransferJson.Write(json, summary);
            Array(json, "skipped", summary.Skipped, skipped =>
            {
                json.WriteString("pair", skipped.Pair);
                json.WriteString("reason", skipped.Reason);
            });
            json.WritePropertyName("experiment");
            JsonSerializer.Serialize(json, summary.Experiment, SnakeCase);
            Array(json, "facts", summary.Facts, fact =>
            {
                json.WriteString("name", fact.Key);
                json.WriteString("value", fact.Value);
            });
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
    }

    private static void Warning(Utf8JsonWriter json, TrustWarning warning)
    {
        json.WriteString("kind", JsonNamingPolicy.SnakeCaseLower.ConvertName($"{warning.Kind}"));
        json.WriteString("model", warning.Model);
        json.WriteString("defense", warning.Defense);
        json.WriteString("goal", warning.Goal is { } goal ? LedgerRows.Name(goal) : "");
        json.WriteString("text", warning.Text);
    }

    private static void Attack(Utf8JsonWriter json, AttackSummary attack)
    {
        Key(json, attack);
        json.WriteNumber("pairs", attack.Pairs);
        json.WriteNumber("skipped", attack.Skipped);
        json.WriteNumber("attacked", attack.Attacked);
        json.WriteNumber("already_wrong", attack.AlreadyWrong);
        json.WriteNumber("without_gradient", attack.WithoutGradient);
        Outcome(json, attack.Outcome, "");
        Outcome(json, attack.OutcomeExcludingAlreadyWrong, "_excluding_already_wrong");
        json.WriteNumber("success_8bit_count", attack.Success8Bit.Count);
        Share(json, "success_8bit", attack.Success8Bit);
        Statistic(json, "mean_l2_8bit", attack.MeanL28Bit);
        Number(json, "mean_ssim", attack.MeanSsim);
        json.WriteNumber("forwards", attack.Forwards);
        json.WriteNumber("backwards", attack.Backwards);
        Number(json, "seconds", attack.Seconds);
        Number(json, "median_forwards", attack.MedianForwards);
        Number(json, "median_backwards", attack.MedianBackwards);
        Number(json, "median_seconds", attack.MedianSeconds);
    }

    private static void Outcome(Utf8JsonWriter json, AttackOutcome outcome, string suffix)
    {
        json.WriteNumber($"success_count{suffix}", outcome.Success.Count);
        Share(json, "success", outcome.Success, suffix);
        Share(json, "below_5", outcome.Below5, suffix);
        Share(json, "below_1", outcome.Below1, suffix);
        Statistic(json, "mean_l2", outcome.MeanL2, suffix);
        Statistic(json, "median_l2", outcome.MedianL2, suffix);
    }

    private static void Comparison(Utf8JsonWriter json, AttackComparison comparison)
    {
        var (first, second, result) = comparison;
        json.WriteString("first", first.FullName);
        json.WriteString("second", second.FullName);
        json.WriteString("goal", LedgerRows.Name(first.Goal));
        Setting(json, first.Setting);
        json.WriteNumber("pairs", result.Pairs);
        json.WriteNumber("only_first", result.OnlyFirst);
        json.WriteNumber("only_second", result.OnlySecond);
        Number(json, "success_p_value", result.SuccessPValue);
        json.WriteNumber("common_successes", result.CommonSuccesses);
        Statistic(json, "mean_l2_difference", result.MeanDifference);
    }

    private static void Models(Utf8JsonWriter json, ModelComparison comparison)
    {
        json.WriteString("attack", comparison.Attack);
        json.WriteString("goal", LedgerRows.Name(comparison.Goal));
        json.WriteString("storage", comparison.Storage);
        json.WriteNumber("pairs", comparison.Pairs);
        Array(json, "models", comparison.Models, model =>
        {
            json.WriteString("model", model.Model);
            json.WriteNumber("fooled", model.Fooled.Count);
            json.WriteNumber("without_gradient", model.WithoutGradient);
            Statistic(json, "median_l2", model.MedianL2);
            Statistic(json, "ratio", model.Ratio);
        });
    }

    private static void Published(Utf8JsonWriter json, PublishedComparison comparison)
    {
        json.WriteString("study", comparison.Study.Name);
        Setting(json, comparison.Setting);
        Array(json, "cells", comparison.Cells, cell =>
        {
            json.WriteString("attack", cell.Attack);
            json.WriteString("goal", LedgerRows.Name(cell.Goal));
            json.WriteString("quantity", cell.Quantity switch
            {
                PublishedQuantity.Success => "success",
                PublishedQuantity.Below5 => "below_5",
                PublishedQuantity.Below1 => "below_1",
                _ => "mean_l2",
            });
            Number(json, "published", cell.Published);
            Range(json, "here", "", cell.Here, cell.Interval);
            if (cell.Inside is { } inside) json.WriteBoolean("inside", inside);
            else json.WriteNull("inside");
        });
    }

    private static void Key(Utf8JsonWriter json, AttackSummary attack)
    {
        json.WriteString("family", attack.Family);
        json.WriteString("attack", attack.Attack);
        json.WriteString("goal", LedgerRows.Name(attack.Goal));
        Setting(json, attack.Setting);
    }

    internal static void Setting(Utf8JsonWriter json, RunSetting setting)
    {
        json.WriteString("model", setting.Model);
        Number(json, "threshold", setting.Threshold);
        json.WriteString("storage", setting.Storage);
        json.WriteString("defense", setting.Defense);
        json.WriteString("knowledge", setting.Knowledge);
        json.WriteString("detector", setting.Detector);
    }

    internal static void Share(Utf8JsonWriter json, string name, Rate rate, string suffix = "") =>
        Range(json, name, suffix, rate.Value, rate.Interval);

    internal static void Statistic(Utf8JsonWriter json, string name, Estimate? estimate, string suffix = "") =>
        Range(json, name, suffix, estimate?.Value, estimate?.Interval);

    internal static void Range(Utf8JsonWriter json, string name, string suffix, double? value, Interval? interval)
    {
        Number(json, name + suffix, value);
        Number(json, $"{name}_low{suffix}", interval?.Low);
        Number(json, $"{name}_high{suffix}", interval?.High);
    }

    internal static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number)) json.WriteNumber(name, number);
        else json.WriteNull(name);
    }

    internal static void Array<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
