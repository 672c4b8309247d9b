using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Masquerade.Alignment;
using Masquerade.Defenses;
using Masquerade.Evaluation.Experiments;

namespace Masquerade.Evaluation.Runs;

/// <summary>A file or folder that a run works on.</summary>
/// <param name="Model">The model that it belongs to; null for what all share.</param>
/// <param name="Name">Name of the fact.</param>
/// <param name="Value">Value of the fact; changes with the content.</param>
/// <param name="Path">Where it is.</param>
/// <param name="What">What it is, for messages.</param>
internal sealed record RunInput(string? Model, string Name, string Value, string Path, string What);

/// <summary>Fingerprints of what a run works on: rows of one run are about the same networks and photographs, or resume refuses.</summary>
internal static class RunInputs
{
    /// <exception cref="InputException">A file is gone.</exception>
    public static IReadOnlyList<RunInput> Of(ExperimentPlan plan, CancellationToken cancellation)
    {
        var inputs = new List<RunInput>();
        foreach (var model in plan.Models)
        {
            var file = model.Model.Descriptor.File;
            inputs.Add(new(model.Name, $"{model.Name}: SHA-256", Hash(file), file, "the network file"));
            var descriptor = model.Descriptor;
            inputs.Add(new(model.Name, $"{model.Name}: descriptor SHA-256", Hash(descriptor), descriptor, "the model descriptor"));
        }
        if (plan.Experiment.Landmarks is { } landmarks)
            inputs.Add(new(null, "landmarks: SHA-256", Hash(landmarks), landmarks, "the landmark file"));
        foreach (var defense in plan.Defenses)
        {
            string[] files = [.. defense.Purifier is { } purifier ? PurifierRegistry.Files(purifier.Name) : [], .. defense.DetectorFile is { } own ? [own] : Array.Empty<string>()];
            foreach (var file in files)
                inputs.Add(new(null, $"{defense.Name} {Path.GetFileName(file)}: SHA-256", Hash(file), file, "a defense's file"));
        }
        foreach (var file in plan.DetectorWeights is { } folder ? MtcnnDetector.WeightFiles(folder) : [])
            inputs.Add(new(null, $"detector {Path.GetFileName(file)}: SHA-256", Hash(file), file, "the detector's file"));
        inputs.Add(new(null, "photographs", Photographs(plan, cancellation), plan.Experiment.Images, "the photographs"));
        return inputs;
    }

    /// <summary>Counts the photographs that the pairs name, and hashes their names and contents in the order of the list.</summary>
    private static string Photographs(ExperimentPlan plan, CancellationToken cancellation)
    {
        string[] names = [.. plan.Pairs.SelectMany(p => new[] { p.Probe, p.Reference }).Distinct(StringComparer.Ordinal)];
        var lines = new string[names.Length];
        var missing = 0;
        Parallel.For(0, names.Length, new ParallelOptions { CancellationToken = cancellation }, i =>
        {
            var path = plan.Photographs.Find(names[i]);
            if (path is null) Interlocked.Increment(ref missing);
            lines[i] = $"{names[i]}\n{PhotographHash(path)}\n";
        });
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines))));
        return string.Create(CultureInfo.InvariantCulture, $"{names.Length - missing} there, {missing} missing; SHA-256 {hash}");
    }

    private static string Hash(string path) => FileHash.Of(path, CancellationToken.None);

    private static string PhotographHash(string? path)
    {
        if (path is null) return "missing";
        try
        {
            return Hash(path);
        }
        catch (InputException)
        {
            // Its pairs are skipped, with the reason in their rows.
            return "unreadable";
        }
    }
}
