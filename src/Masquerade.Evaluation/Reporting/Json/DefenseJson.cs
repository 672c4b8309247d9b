using System.Text.Json;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Defenses;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Reporting.Json;

/// <summary>
/// What <c>summary.json</c> says of defenses, where a run has some. Single attacks at both levels of knowledge are in <c>attacks</c>. An
/// empty defense is the bare verifier; a median or an end of its interval that is null is infinite.
/// </summary>
internal static class DefenseJson
{
    public static void Write(Utf8JsonWriter json, RunSummary summary)
    {
        if (!summary.HasDefenses) return;
        SummaryJson.Array(json, "defenses", summary.Defenses, fact =>
        {
            json.WriteString("model", fact.Model);
            json.WriteString("defense", fact.Defense);
            json.WriteString("gradient", fact.Gradient);
            json.WriteNumber("samples", fact.Samples);
            json.WriteBoolean("random", fact.IsRandom);
            SummaryJson.Number(json, "seconds_per_image", fact.SecondsPerImage);
            SummaryJson.Number(json, "seconds_per_forward", fact.SecondsPerForward);
        });
        SummaryJson.Array(json, "defense_matrices", summary.DefenseMatrices, matrix =>
        {
            Where(json, matrix.Model, matrix.Storage, LedgerRows.Name(matrix.Goal));
            SummaryJson.Array(json, "rows", matrix.Rows, row => Row(json, row));
        });
        SummaryJson.Array(json, "defense_rankings", summary.DefenseRankings, ranking => Ranking(json, ranking));
        if (summary.Detections.Count > 0) SummaryJson.Array(json, "detections", summary.Detections, detection => Detection(json, detection));
        SummaryJson.Array(json, "clean_costs", summary.CleanCosts, cost => Cost(json, cost));
    }

    private static void Row(Utf8JsonWriter json, DefenseRow row)
    {
        json.WriteString("defense", row.Defense);
        Pooled(json, "zero", row.Zero);
        Pooled(json, "perfect", row.Perfect);
        Pooled(json, "worst", row.Worst);
        Pooled(json, "worst_excluding_already_wrong", row.WorstExcludingAlreadyWrong);
        json.WriteNumber("zero_stronger", row.ZeroStronger);
        json.WriteNumber("both_levels", row.BothLevels);
        SummaryJson.Statistic(json, "ratio", row.Ratio);
        json.WriteNumber("ratio_pairs", row.RatioPairs);
    }

    private static void Detection(Utf8JsonWriter json, DetectionSummary detection)
    {
        json.WriteString("model", detection.Model);
        json.WriteString("defense", detection.Defense);
        json.WriteString("attack", detection.Attack);
        json.WriteString("goal", LedgerRows.Name(detection.Goal));
        if (detection.Rates is { } rates)
        {
            json.WriteNumber("images", rates.Adversarial);
            json.WriteNumber("clean_probes", rates.Clean);
            SummaryJson.Number(json, "auc", rates.Auc);
            SummaryJson.Number(json, "auc_error", rates.AucError);
        }
        if (detection.Roc is { } roc)
        {
            SummaryJson.Array(json, "at_false_alarms", DefenseText.FalseAlarms, share =>
            {
                json.WriteNumber("false_alarms", share);
                Optional(json, "detected", new Rate(roc.DetectedAt(share), roc.Adversarial));
            });
        }
        Optional(json, "refused", detection.Refused);
        Optional(json, "refused_smaller_norms", detection.RefusedSmaller);
        Optional(json, "refused_larger_norms", detection.RefusedLarger);
        Optional(json, "evaded", detection.Evaded);
        SummaryJson.Statistic(json, "median_l2_bare", detection.MedianL2Bare);
        SummaryJson.Statistic(json, "median_l2_evading", detection.MedianL2Evading);
    }

    private static void Ranking(Utf8JsonWriter json, DefenseRanking ranking)
    {
        Where(json, ranking.Model, ranking.Storage, LedgerRows.Name(ranking.Goal));
        json.WriteNumber("pairs", ranking.Pairs);
        json.WriteNumber("pairs_in_all", ranking.PairsInAll);
        json.WriteBoolean("is_ranking", ranking.IsRanking);
        SummaryJson.Array(json, "order", ranking.Order, place =>
        {
            json.WriteString("defense", place.Defense);
            if (place.Place is { } number) json.WriteNumber("place", number);
            else json.WriteNull("place");
            Pooled(json, "worst", place.Worst);
            SummaryJson.Statistic(json, "ratio", place.Ratio);
            SummaryJson.Number(json, "success_p_value", place.SuccessPValue);
        });
    }

    private static void Cost(Utf8JsonWriter json, CleanCost cost)
    {
        json.WriteString("model", cost.Model);
        json.WriteString("defense", cost.Defense);
        json.WriteNumber("same_person_pairs", cost.Same);
        json.WriteNumber("different_person_pairs", cost.Different);
        if (cost.Detects) SummaryJson.Share(json, "refused", cost.Refused);
        SummaryJson.Share(json, "accuracy", cost.Accuracy);
        Optional(json, "accuracy_recalibrated", cost.RecalibratedAccuracy);
        Optional(json, "tar", cost.AsItWas?.Tar);
        Optional(json, "far", cost.AsItWas?.Far);
        Optional(json, "tar_recalibrated", cost.Recalibrated?.Tar);
        Optional(json, "far_recalibrated", cost.Recalibrated?.Far);
        json.WriteBoolean("enough_pairs_for_far", cost.EnoughForFar);
        SummaryJson.Number(json, "seconds_per_image", cost.SecondsPerImage);
        SummaryJson.Number(json, "share_of_forward", cost.ShareOfForward);
    }

    private static void Where(Utf8JsonWriter json, string model, string storage, string goal)
    {
        json.WriteString("model", model);
        json.WriteString("storage", storage);
        json.WriteString("goal", goal);
    }

    private static void Pooled(Utf8JsonWriter json, string name, PooledOutcome? outcome)
    {
        if (outcome is null)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartObject(name);
        json.WriteNumber("pairs", outcome.Success.Of);
        json.WriteNumber("success_count", outcome.Success.Count);
        SummaryJson.Share(json, "success", outcome.Success);
        SummaryJson.Statistic(json, "median_l2", outcome.MedianL2);
        json.WriteEndObject();
    }

    private static void Optional(Utf8JsonWriter json, string name, Rate? rate) =>
        SummaryJson.Range(json, name, "", rate?.Value, rate?.Interval);
}
