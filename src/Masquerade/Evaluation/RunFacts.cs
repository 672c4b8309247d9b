using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Masquerade.Models;

namespace Masquerade.Evaluation;

/// <summary>What a reader of results must know about how they came about.</summary>
internal static class RunFacts
{
    public static string HashName(PlannedModel model) => $"{model.Name}: SHA-256";

    public static string Hash(PlannedModel model)
    {
        using var stream = File.OpenRead(model.Model.Descriptor.File);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    public static void Record(ExperimentPlan plan, RunLedger ledger)
    {
        var known = ledger.Facts.Select(f => f.Key).ToHashSet(StringComparer.Ordinal);
        Set("masquerade", Version(typeof(RunFacts).Assembly));
        Set("TorchSharp", Version(typeof(TorchSharp.torch).Assembly));
        Set("ONNX Runtime", Version(typeof(Microsoft.ML.OnnxRuntime.InferenceSession).Assembly));
        Set(".NET", Environment.Version.ToString());
        Set("machine", string.Create(CultureInfo.InvariantCulture, $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores"));
        Set("seed", plan.Experiment.Seed.ToString(CultureInfo.InvariantCulture));
        foreach (var model in plan.Models)
        {
            var descriptor = model.Model.Descriptor;
            Set(HashName(model), Hash(model));
            Set($"{model.Name}: license", descriptor.License ?? "not stated");
            Set($"{model.Name}: threshold", string.Create(CultureInfo.InvariantCulture, $"{model.Verifier.Threshold} on the squared distance, {ThresholdSource(plan, descriptor)}"));
            if (model.Model.Embedder is TwoEngineEmbedder both)
                Set($"{model.Name}: engines differ by", both.MaxAbsDifference.ToString("G3", CultureInfo.InvariantCulture));
        }
        foreach (var attack in plan.Attacks) Set(attack.FullName, attack.Attack.ToString());
        foreach (var notice in plan.Notices) Set("left out", notice);
        Set("started", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));

        void Set(string name, string value)
        {
            if (known.Add(name)) ledger.SetFact(name, value);
        }
    }

    private static string ThresholdSource(ExperimentPlan plan, ModelDescriptor descriptor) => plan.Experiment.Threshold is not null
        ? "given for this run"
        : $"from the model's descriptor, {descriptor.ThresholdSource ?? "which does not say what it was fitted on: it may have been the pairs attacked here"}";

    private static string Version(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? assembly.GetName().Version?.ToString() ?? "unknown";
}
