using Masquerade.Evaluation.Experiments;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Ledger;

/// <summary>Which photograph of a pair.</summary>
public enum PairSide
{
    /// <summary>The one that an attacker may change.</summary>
    Probe,

    /// <summary>The one on file.</summary>
    Reference,
}

/// <summary>What a run left behind, for exports and reports.</summary>
public interface IRunResults
{
    /// <summary>What was to be done.</summary>
    Experiment Experiment { get; }

    /// <summary>
    /// Facts about the run in the order to print them: versions, machine, each model's hash, licence and threshold source, photographs,
    /// times, and which rows another batch size or thread count may give otherwise.
    /// </summary>
    IReadOnlyList<KeyValuePair<string, string>> Facts { get; }

    /// <summary>Every row, in the order model, storage, family, attack, pair list.</summary>
    IReadOnlyList<AttackRow> Rows { get; }

    /// <summary>The defenses of the run, in its order; none where it has none.</summary>
    IReadOnlyList<DefenseFact> Defenses { get; }

    /// <summary>Distances of clean pairs, bare and behind each defense: what a defense costs those whom nobody attacks.</summary>
    IReadOnlyList<CleanScore> CleanScores { get; }

    /// <summary>What the gradients through each defense are worth.</summary>
    IReadOnlyList<GradientCheck> GradientChecks { get; }

    /// <summary>The verifiers that images were carried over to, in the order in which they were first named.</summary>
    IReadOnlyList<TransferTarget> Targets { get; }

    /// <summary>Adversarial images as these judge them: by target, then in the order of <see cref="Rows"/>.</summary>
    IReadOnlyList<TransferRow> Transfers { get; }

    /// <summary>Pairs that nobody attacked, as these judge them: by target, then attacked model, then pair.</summary>
    IReadOnlyList<CleanTransfer> CleanTransfers { get; }

    /// <summary>Rows the run will have when it is done.</summary>
    int RowsPlanned { get; }

    /// <summary>A pair's clean crop as a model sees it; null where it was not kept.</summary>
    FaceImage? Crop(string model, string pair, PairSide side);

    /// <summary>A row's adversarial image, [3,H,W] planar floats in [0,1], exactly as judged; null where it was not kept.</summary>
    float[]? Adversarial(AttackRow row);

    /// <summary>A row's adversarial image as its defense hands it on; null where the image was not kept or the row has no defense.</summary>
    float[]? Purified(AttackRow row);
}
