using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Runs;

/// <summary>How good a verifier is on a list of pairs.</summary>
public sealed record VerificationScores
{
    /// <summary>Share of right decisions: the mean over folds, or at the verifier's own threshold where the list has no folds.</summary>
    public required double Accuracy { get; init; }

    /// <summary>Population standard deviation of the accuracy over folds; null without folds.</summary>
    public double? AccuracyStd { get; init; }

    /// <summary>The verifier's own threshold.</summary>
    public required double OwnThreshold { get; init; }

    /// <summary>Share of right decisions at <see cref="OwnThreshold"/> over all pairs judged.</summary>
    public required double AccuracyAtOwnThreshold { get; init; }

    /// <summary>Thresholds that the accuracy was judged with: one a fold, or the verifier's own.</summary>
    public required IReadOnlyList<double> Thresholds { get; init; }

    /// <summary>Each fold judged; empty without folds.</summary>
    public IReadOnlyList<FoldAccuracy> Folds { get; init; } = [];

    /// <summary>Folds, from 0, that were left out because fewer than half of their pairs could be used.</summary>
    public IReadOnlyList<int> FoldsLeftOut { get; init; } = [];

    /// <summary>Without folds: the best accuracy that any threshold reaches, chosen on the same pairs and so flattering.</summary>
    public CalibratedThreshold? BestOnSamePairs { get; init; }

    /// <summary>True accept rates; without folds with thresholds chosen on the same pairs.</summary>
    public required IReadOnlyList<TarAtFar> TarAtFar { get; init; }

    /// <summary>The ROC curve over all pairs judged.</summary>
    public required RocCurve Roc { get; init; }

    /// <summary>Pairs judged.</summary>
    public required int Pairs { get; init; }

    /// <summary>Pairs whose photographs are not in the folder.</summary>
    public required PairAvailability Availability { get; init; }

    /// <summary>Photographs that are there but cannot be used.</summary>
    public required IReadOnlyList<UnusablePhotograph> Unusable { get; init; }

    /// <summary>Pairs that were left out because of <see cref="Unusable"/>.</summary>
    public required int PairsUnusable { get; init; }
}

/// <summary>
/// Measures a verifier on a list of pairs: every photograph is embedded once, every pair scored, missing ones never guessed.
/// </summary>
/// <param name="verifier">The verifier.</param>
/// <param name="crops">The photographs as its crops.</param>
/// <param name="options">How photographs are embedded.</param>
public sealed class VerificationBenchmark(FaceVerifier verifier, FaceCropSource crops, EmbeddingOptions? options = null)
{
    /// <summary>The false accept rates that are reported.</summary>
    public static IReadOnlyList<double> FalseAcceptRates { get; } = [0.01, 0.001];

    /// <summary>Measures.</summary>
    /// <param name="list">With folds the evaluation is <see cref="LfwProtocol"/>'s.</param>
    /// <param name="availability">Which of its pairs are present in the folder of the crops.</param>
    /// <param name="progress">Told how many photographs of how many are embedded.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InputException">
    /// No pair can be used, the pairs are of one kind only, too few folds are present, or (strict) a photograph cannot be used.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public VerificationScores Run(
        PairList list, PairAvailability availability, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(list);
        ArgumentNullException.ThrowIfNull(availability);
        if (availability.Present.Count == 0)
        {
            throw new InputException($"{list.Source}: of none of its {list.Pairs.Count} pairs are both photographs in the images folder "
                + $"({availability.MissingNames[0]} is missing, for one); check both paths");
        }
        var embeddings = new EmbeddingPipeline(verifier.Embedder, crops.Load, options)
            .Embed(availability.Present.SelectMany(p => new[] { p.Probe, p.Reference }), progress, cancellation);
        var scored = Score(availability.Present, embeddings);
        if (scored.Count == 0)
        {
            throw new InputException($"{list.Source}: none of its pairs can be used: "
                + $"{ReasonCounts.Text(embeddings.Unusable.Select(u => u.Reason), "photograph")}; the first: {embeddings.Unusable[0].Reason}");
        }
        var scores = list.FoldCount > 1
            ? WithFolds(list, scored, availability, embeddings)
            : WithoutFolds(scored, availability, embeddings);
        return scores with { PairsUnusable = availability.Present.Count - scored.Count };
    }

    /// <summary>The pairs of which both photographs have embeddings, with their distances.</summary>
    private static List<ScoredPair> Score(IReadOnlyList<VerificationPair> pairs, EmbeddingTable embeddings)
    {
        var scored = new List<ScoredPair>(pairs.Count);
        foreach (var pair in pairs)
        {
            if (embeddings.TryGet(pair.Probe, out var probe) && embeddings.TryGet(pair.Reference, out var reference))
                scored.Add(new ScoredPair(pair, FaceVerifier.Distance(probe, reference)));
        }
        return scored;
    }

    private double AccuracyAtOwnThreshold(IReadOnlyCollection<ScoredPair> scored) =>
        scored.Count(s => verifier.IsSame(s.Distance) == s.Pair.SamePerson) / (double)scored.Count;

    private VerificationScores WithFolds(
        PairList list, List<ScoredPair> scored, PairAvailability availability, EmbeddingTable embeddings)
    {
        var result = LfwProtocol.Evaluate(list, scored, FalseAcceptRates);
        return new VerificationScores
        {
            Accuracy = result.Accuracy,
            AccuracyStd = result.AccuracyStd,
            OwnThreshold = verifier.Threshold,
            AccuracyAtOwnThreshold = AccuracyAtOwnThreshold([.. scored.Where(s => !result.FoldsLeftOut.Contains(s.Pair.Fold))]),
            Thresholds = [.. result.Folds.Select(f => f.Threshold)],
            Folds = result.Folds,
            FoldsLeftOut = result.FoldsLeftOut,
            TarAtFar = result.TarAtFar,
            Roc = result.Roc,
            Pairs = result.Folds.Sum(f => f.Pairs),
            Availability = availability,
            Unusable = embeddings.Unusable,
            PairsUnusable = 0,
        };
    }

    private VerificationScores WithoutFolds(List<ScoredPair> scored, PairAvailability availability, EmbeddingTable embeddings)
    {
        var roc = RocCurve.Of(scored);
        var accuracy = AccuracyAtOwnThreshold(scored);
        return new VerificationScores
        {
            Accuracy = accuracy,
            OwnThreshold = verifier.Threshold,
            AccuracyAtOwnThreshold = accuracy,
            Thresholds = [verifier.Threshold],
            BestOnSamePairs = ThresholdCalibration.BestAccuracy(scored),
            TarAtFar = [.. FalseAcceptRates.Select(far =>
            {
                var chosen = ThresholdCalibration.AtFar(scored, far);
                return new TarAtFar(far, chosen.Tar, chosen.Far, [chosen.Threshold]);
            })],
            Roc = roc,
            Pairs = scored.Count,
            Availability = availability,
            Unusable = embeddings.Unusable,
            PairsUnusable = 0,
        };
    }
}
