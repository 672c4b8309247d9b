using System.Globalization;
using System.Text.Json.Serialization;
using Masquerade.Alignment;
using Masquerade.Evaluation.Runs;
using Masquerade.Models;
using Masquerade.Verification;

namespace Masquerade.Cli.Output;

/// <summary>What <c>evaluate --json</c> writes. Folds count from 1, as people do.</summary>
internal sealed record EvaluationJson
{
    public required string Model { get; init; }
    public required string? ModelSha256 { get; init; }
    public required string PairList { get; init; }
    public required double Accuracy { get; init; }
    public required double? AccuracyStd { get; init; }
    public required IReadOnlyList<double> Thresholds { get; init; }
    public required double OwnThreshold { get; init; }
    public required double AccuracyAtOwnThreshold { get; init; }
    public required IReadOnlyDictionary<string, double> TarAtFar { get; init; }
    public required IReadOnlyDictionary<string, double> AttainedFar { get; init; }
    public required IReadOnlyDictionary<string, IReadOnlyList<double>> FarThresholds { get; init; }
    public required double Auc { get; init; }
    public required double Eer { get; init; }
    public required int Pairs { get; init; }
    public required int PairsListed { get; init; }
    public required IReadOnlyList<Fold> Folds { get; init; }
    public required IReadOnlyList<int> FoldsLeftOut { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required Best? BestOnSamePairs { get; init; }

    public required IReadOnlyList<MissingPhotographs> Missing { get; init; }
    public required int PairsUnusable { get; init; }
    public required IReadOnlyList<UnusablePhotograph> Unusable { get; init; }

    public sealed record Fold(int Number, int Pairs, double Threshold, double Accuracy);

    public sealed record Best(double Threshold, double Accuracy);

    public sealed record MissingPhotographs(string Pair, IReadOnlyList<string> Photographs);

    public static EvaluationJson Of(ModelDescriptor model, PairList list, VerificationScores scores) => new()
    {
        Model = model.Name,
        ModelSha256 = model.Sha256,
        PairList = list.Source,
        Accuracy = scores.Accuracy,
        AccuracyStd = scores.AccuracyStd,
        Thresholds = scores.Thresholds,
        OwnThreshold = scores.OwnThreshold,
        AccuracyAtOwnThreshold = scores.AccuracyAtOwnThreshold,
        TarAtFar = ByTarget(scores, t => t.Tar),
        AttainedFar = ByTarget(scores, t => t.Far),
        FarThresholds = ByTarget(scores, t => t.Thresholds),
        Auc = scores.Roc.Auc,
        Eer = scores.Roc.Eer,
        Pairs = scores.Pairs,
        PairsListed = list.Pairs.Count,
        Folds = [.. scores.Folds.Select(f => new Fold(f.Fold + 1, f.Pairs, f.Threshold, f.Accuracy))],
        FoldsLeftOut = [.. scores.FoldsLeftOut.Select(f => f + 1)],
        BestOnSamePairs = scores.BestOnSamePairs is { } best ? new Best(best.Threshold, best.Accuracy) : null,
        Missing = [.. scores.Availability.Missing.Select(m => new MissingPhotographs(m.Pair.Id, m.Names))],
        PairsUnusable = scores.PairsUnusable,
        Unusable = scores.Unusable,
    };

    private static Dictionary<string, T> ByTarget<T>(VerificationScores scores, Func<TarAtFar, T> value) =>
        scores.TarAtFar.ToDictionary(t => t.Target.ToString(CultureInfo.InvariantCulture), value);
}
