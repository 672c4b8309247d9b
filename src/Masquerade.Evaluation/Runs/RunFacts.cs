using System.Globalization;
using System.Runtime.InteropServices;
using Masquerade.Alignment;
using Masquerade.Defenses;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Models;
using Masquerade.Networks;

namespace Masquerade.Evaluation.Runs;

/// <summary>What a reader of results must know about how they came about; in the ledger, in the order of reports.</summary>
internal static class RunFacts
{
    private const string Started = "started";
    private const string Resumed = "resumed";
    private const string Finished = "finished";
    private const string NearThreshold = "near the boundary";
    private const int PairsListed = 5;

    /// <summary>Begins a run or goes on with one.</summary>
    /// <exception cref="InputException">What the run works on changed since it began.</exception>
    public static void Begin(ExperimentPlan plan, RunLedger ledger, CancellationToken cancellation)
    {
        var known = ledger.Facts.ToDictionary(f => f.Key, f => f.Value, StringComparer.Ordinal);
        // Nothing is recorded before everything is checked.
        var inputs = RunInputs.Of(plan, cancellation);
        foreach (var input in inputs)
        {
            if (known.TryGetValue(input.Name, out var was) && was != input.Value)
            {
                throw new InputException(
                    $"{input.Path}: {input.What} changed since the run began; put back what was there, or start a new run with --out");
            }
        }

        Environment("masquerade", LibraryVersion.Of(typeof(RunFacts).Assembly));
        Environment("TorchSharp", LibraryVersion.Of(typeof(TorchSharp.torch).Assembly));
        Environment("ONNX Runtime", LibraryVersion.Of<Microsoft.ML.OnnxRuntime.InferenceSession>());
        Environment(".NET", System.Environment.Version.ToString());
        Environment("machine", string.Create(
            CultureInfo.InvariantCulture,
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {System.Environment.ProcessorCount} cores"));
        Set("seed", plan.Experiment.Seed.ToString(CultureInfo.InvariantCulture));
        if (Drawn(plan.Experiment) is { } drawn) Set("pairs", drawn);
        var preprocessing = Preprocessings.Parse(plan.Experiment.Preprocessing);
        if (preprocessing != Preprocessing.None) Set("preprocessing", $"{plan.Experiment.Preprocessing}: {preprocessing.Description()}");
        foreach (var model in plan.Models)
        {
            foreach (var input in inputs.Where(i => i.Model == model.Name)) Set(input.Name, input.Value);
            Set($"{model.Name}: license", model.Model.Descriptor.License ?? "not stated");
            Set($"{model.Name}: threshold", Threshold(plan, model));
            if (model.Model.Embedder is TwoEngineEmbedder both)
                Set($"{model.Name}: engines differ by", both.MaxAbsDifference.ToString("G3", CultureInfo.InvariantCulture));
        }
        foreach (var input in inputs.Where(i => i.Model is null)) Set(input.Name, input.Value);
        foreach (var attack in plan.Attacks) Set(attack.FullName, attack.Attack.ToString());
        foreach (var defense in plan.Defenses) Set($"defense {defense.Name}", Gradient(plan, defense));
        if (plan.CleanPairs.Count > 0) Set("clean pairs", string.Create(CultureInfo.InvariantCulture, $"{plan.CleanPairs.Count}, evenly taken from the list"));
        if (plan.Notices.Count > 0) Set("left out", string.Join("; ", plan.Notices));
        if (!known.ContainsKey(Started)) ledger.SetFact(Started, Now());
        else if (!known.ContainsKey(Finished)) ledger.SetFact(Resumed, Now());

        void Set(string name, string value)
        {
            if (known.TryAdd(name, value)) ledger.SetFact(name, value);
        }

        // A run that goes on elsewhere says so: its rows may differ in their last digits from an uninterrupted one's.
        void Environment(string name, string value)
        {
            if (known.TryGetValue(name, out var was) && was != value && !was.EndsWith($"; then {value}", StringComparison.Ordinal))
                ledger.SetFact(name, $"{was}; then {value}");
            Set(name, value);
        }
    }

    /// <summary>Ends a run: lists what another batch size or thread count may judge otherwise.</summary>
    public static void End(RunLedger ledger)
    {
        if (ledger.Facts.Any(f => f.Key == Finished)) return;
        var near = ledger.RowsWithReason(ResultJudge.NearThreshold).GroupBy(r => r.Cell, r => r.Pair).Select(g =>
        {
            var pairs = string.Join(", ", g.Take(PairsListed)) + (g.Count() > PairsListed ? ", …" : "");
            var defended = g.Key.Defense.Length > 0 ? $" behind {g.Key.Defense} ({g.Key.Knowledge} knowledge)" : "";
            return $"{g.Key.Family}/{g.Key.Attack} on {g.Key.Model}{defended}, {g.Key.Storage}: {g.Count()} ({pairs})";
        });
        ledger.SetFact(NearThreshold, string.Join("; ", near.DefaultIfEmpty("no pair")));
        ledger.SetFact(Finished, Now());
    }

    private static string Now() => DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>How the pairs were drawn; null where they are the list's own.</summary>
    private static string? Drawn(Experiment experiment) => experiment.Sample is not { } sample ? null : string.Create(
        CultureInfo.InvariantCulture,
        $"{sample} drawn from the list as numpy.random.seed({experiment.SampleSeed}) and choice(n, {sample}, replace=False) do")
        + (experiment.Take < sample ? string.Create(CultureInfo.InvariantCulture, $", the first {experiment.Take} of them attacked") : "");

    /// <summary>How attackers with perfect knowledge had its gradient.</summary>
    private static string Gradient(ExperimentPlan plan, PlannedDefense defense)
    {
        var how = defense.Gradient == PlannedDefense.Exact ? "its exact gradient" : "no gradient of its own: passed straight through (BPDA)";
        foreach (var (model, detector) in defense.Detectors)
        {
            how += string.Create(CultureInfo.InvariantCulture,
                $"; refuses what {model}'s detector scores above {detector.Threshold:G6}, {100 * detector.FalseAlarms:0.##} % of the {detector.Card.CalibrationFaces} "
                + $"clean faces that it was calibrated on; learned from {(detector.Card.Attacks.Count > 0 ? string.Join(", ", detector.Card.Attacks) : "no attacks")} ({detector.Card.Data})");
        }
        return !defense.IsRandom ? how : string.Create(CultureInfo.InvariantCulture,
            $"{how}; random: attackers average over {plan.Experiment.EotSamples ?? defense.Purifier!.Samples} draws (EOT), ")
            + $"and success is being fooled in at least half of {ResultJudge.FreshDraws} fresh draws";
    }

    private static string Threshold(ExperimentPlan plan, PlannedModel model)
    {
        const string Unknown = "which does not say what it was fitted on: it may have been the pairs attacked here";
        var source = plan.Experiment.Threshold is not null
            ? "given for this run"
            : $"from the model's descriptor, {model.Model.Descriptor.ThresholdSource ?? Unknown}";
        return string.Create(CultureInfo.InvariantCulture, $"{model.Verifier.Threshold} on the squared distance, {source}");
    }
}
