using Masquerade.Faces;

namespace Masquerade.Evaluation;

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

    /// <summary>Rows the run will have when it is done.</summary>
    int RowsPlanned { get; }

    /// <summary>A pair's clean crop as a model sees it; null where it was not kept.</summary>
    FaceImage? Crop(string model, string pair, PairSide side);

    /// <summary>A row's adversarial image, [3,H,W] planar floats in [0,1], exactly as judged; null where it was not kept.</summary>
    float[]? Adversarial(AttackRow row);
}
