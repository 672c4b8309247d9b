using Masquerade.Defenses;
using Masquerade.Detection;

namespace Masquerade.Evaluation.Experiments;

/// <summary>What an experiment puts in front of a model: a purifier, a detector, or both.</summary>
/// <param name="Purifier">The purifier as it is named; null for none.</param>
/// <param name="Detector">The detector's file, or the name of a bundled one; null for none.</param>
/// <param name="DetectsFirst">Whether the detector sees images as they come; else cleaned ones.</param>
internal sealed record DefenseStack(string? Purifier, string? Detector, bool DetectsFirst)
{
    private const char Mark = ',';

    /// <summary>All of an experiment's, as they are to be reported.</summary>
    /// <exception cref="InputException">One is not possible.</exception>
    public static IReadOnlyList<DefenseStack> Of(Experiment experiment) =>
    [
        .. experiment.Defenses.Select(d => new DefenseStack(d, null, true)),
        .. experiment.Detectors.Select(d => new DefenseStack(null, d, true)),
        .. experiment.Stacks.Select(Parse),
    ];

    /// <summary>Reads a stack, as <c>median:3,cnn.onnx</c>: a purifier and a detector in the order of use.</summary>
    /// <exception cref="InputException">It is not of these two.</exception>
    public static DefenseStack Parse(string text)
    {
        string[] parts = [.. text.Split(Mark, StringSplitOptions.TrimEntries)];
        if (parts.Length != 2 || parts.Count(IsDetector) != 1)
            throw new InputException($"the stack '{InputFile.OneLine(text)}' is not possible; name one purifier and one detector, as median:3,cnn.onnx");
        var first = IsDetector(parts[0]);
        var stack = new DefenseStack(parts[first ? 1 : 0], parts[first ? 0 : 1], first);
        PurifierRegistry.Check(stack.Purifier!);
        return stack;
    }

    /// <summary>A detector's file, wherever the program runs; the name of a bundled one stays.</summary>
    public static string Anywhere(string detector, string folder) =>
        IsFile(detector) ? Path.GetFullPath(detector, Path.GetFullPath(folder)) : detector;

    /// <summary>The same in a stack.</summary>
    public static string AnywhereInStack(string stack, string folder) => string.Join(
        Mark, stack.Split(Mark, StringSplitOptions.TrimEntries).Select(p => IsFile(p) ? Anywhere(p, folder) : IsDetector(p) ? p : PurifierRegistry.Anywhere(p, folder)));

    private static bool IsFile(string part) => BundledDetectors.IsFile(part) && !part.StartsWith("onnx:", StringComparison.Ordinal);

    private static bool IsDetector(string part) => IsFile(part)
        || Enum.GetNames<DetectorKind>().Any(kind => string.Equals(kind, part, StringComparison.OrdinalIgnoreCase));
}

/// <summary>A stack as a run uses it, opened.</summary>
/// <param name="Name">Its name in the ledger.</param>
/// <param name="Purifier">What cleans images; null for nothing.</param>
/// <param name="Detectors">What refuses images, by model; empty for nothing.</param>
/// <param name="DetectorFile">The detector's file; null for none.</param>
/// <param name="DetectsFirst">Whether the detector sees images as they come.</param>
public sealed record PlannedDefense(
    string Name, Purifier? Purifier, IReadOnlyDictionary<string, Detector> Detectors, string? DetectorFile, bool DetectsFirst) : IDisposable
{
    /// <summary>The name of a gradient that is its own.</summary>
    internal const string Exact = "exact";

    /// <summary>How an attacker gets a gradient through it: <c>exact</c> or <c>straight-through</c>.</summary>
    public string Gradient => Purifier is { Gradient: PurifierGradient.StraightThrough } || Detectors.Values.Any(d => d.Gradient == PurifierGradient.StraightThrough)
        ? "straight-through" : Exact;

    /// <summary>Whether it draws.</summary>
    public bool IsRandom => Purifier is { IsRandom: true };

    /// <summary>It in front of a model.</summary>
    internal DefendedVerifier Before(PlannedModel model, int? samples) =>
        new(model.Verifier, Purifier, samples, Detectors.GetValueOrDefault(model.Name), DetectsFirst);

    /// <inheritdoc/>
    public void Dispose()
    {
        Purifier?.Dispose();
        foreach (var detector in Detectors.Values) detector.Dispose();
    }
}
