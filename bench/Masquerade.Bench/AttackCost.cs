using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Bench;

/// <summary>
/// What each attack costs on the aligned pairs of a Foolbox reference, beside the bare engines' time for as many passes, measured in the
/// same run, and beside the reference's own figures.
/// </summary>
internal static class AttackCost
{
    private sealed record Reference(bool Success, double? L2, double Linf, long Forwards, long Gradients, double Seconds);

    public const string Usage = "--model FILE --reference FOLDER [--attacks NAME,…] [--batch N] [--threads N]";

    public static void Run(BenchOptions options)
    {
        var (descriptor, reference) = (options.Text("model"), options.Text("reference"));
        var (threads, batch) = (options.Number("threads", Environment.ProcessorCount), options.Number("batch", 32));
        var attacks = (options.Optional("attacks") ?? "minimal").Split(',');
        set_num_threads(threads);
        using var model = FaceModel.Load(descriptor, threads, gradients: true);
        if (model.NotDifferentiable is { } problem) throw new InputException(problem);
        var verifier = new FaceVerifier(model.Embedder, model.Descriptor.Threshold);
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(reference, "results.json")));
        var pairs = json.RootElement.GetProperty("pairs").EnumerateArray().ToList();
        using var scope = NewDisposeScope();
        var probes = Load(reference, pairs, "probe");
        var references = model.Embedder.Embed(Load(reference, pairs, "reference"));
        var goals = pairs.Select(p => p.GetProperty("same_person").GetBoolean() ? AttackGoal.Anonymize : AttackGoal.Impersonate).ToList();
        var names = pairs.Select(p => p.GetProperty("probe").GetString() + "|" + p.GetProperty("reference").GetString()).ToList();

        var (forward, gradient) = EngineTimes(model.Embedder, probes.narrow(0, 0, Math.Min(batch, pairs.Count)));
        Console.WriteLine(
            Line($"engines at batch {batch}: forward {1000 * forward:F2} ms an image, ")
            + Line($"gradient {1000 * gradient:F2} ms an image"));
        Console.WriteLine(
            "attack                success  median L2  forwards  grads  seconds  /engines  "
            + "reference: forwards  seconds  forwards/  seconds/");
        double allSeconds = 0, allEngines = 0, allForwards = 0, referenceForwards = 0, referenceSeconds = 0;
        foreach (var attack in AttackRegistry.Resolve(attacks))
        {
            var expected = pairs.Select(p => Read(p.GetProperty("attacks").GetProperty(attack.Name))).ToList();
            var results = new List<AttackResult>();
            var clock = Stopwatch.StartNew();
            for (var at = 0; at < pairs.Count; at += batch)
            {
                var count = Math.Min(batch, pairs.Count - at);
                using var inner = NewDisposeScope();
                using var batchProblem = new AttackProblem(
                    verifier, probes.narrow(0, at, count), references.narrow(0, at, count),
                    goals.GetRange(at, count), names.GetRange(at, count), new AttackSettings());
                results.AddRange(attack.Attack.Execute(batchProblem));
            }
            var seconds = clock.Elapsed.TotalSeconds;
            long forwards = results.Sum(r => r.Forwards), gradients = results.Sum(r => r.Backwards);
            var engines = forwards * forward + gradients * gradient;
            long wantedForwards = expected.Sum(e => e.Forwards);
            var wantedSeconds = expected.Sum(e => e.Seconds);
            var norms = results.Where(r => r.Success).Select(r => r.L2).Order().ToList();
            Console.WriteLine(
                Line($"{attack.FullName,-20} {results.Count(r => r.Success),4}/{pairs.Count,-3} ")
                + Line($"{norms.ElementAtOrDefault(norms.Count / 2),10:F4} {forwards,9} {gradients,6} {seconds,8:F1} ")
                + Line($"{seconds / engines,9:F2} {wantedForwards,20} {wantedSeconds,8:F0} ")
                + Line($"{(double)wantedForwards / forwards,10:F1} {wantedSeconds / seconds,9:F1}"));
            Compare(names, results, expected);
            allSeconds += seconds;
            allEngines += engines;
            allForwards += forwards;
            referenceForwards += wantedForwards;
            referenceSeconds += wantedSeconds;
        }
        Console.WriteLine(
            Line($"all: {allSeconds:F1} s, {allSeconds / allEngines:F2} of the engines' time; ")
            + Line($"the reference took {referenceForwards / allForwards:F1} times the forwards and ")
            + Line($"{referenceSeconds / allSeconds:F1} times the time"));
    }

    private static void Compare(List<string> names, List<AttackResult> results, List<Reference> expected)
    {
        int same = 0, forwards = 0;
        var ratios = new List<double>();
        double worst = 0;
        var at = "";
        for (var i = 0; i < results.Count; i++)
        {
            if (results[i].Success == expected[i].Success) same++;
            if (results[i].Forwards == expected[i].Forwards) forwards++;
            if (!results[i].Success || !expected[i].Success || expected[i].L2 is not > 0) continue;
            var ratio = results[i].L2 / expected[i].L2!.Value;
            ratios.Add(ratio);
            if (ratio > worst) (worst, at) = (ratio, names[i]);
        }
        if (ratios.Count == 0) return;
        ratios.Sort();
        Console.WriteLine(
            Line($"    same outcome on {same}, same forwards on {forwards}; ")
            + Line($"L2 / reference's: min {ratios[0]:F3}, median {ratios[ratios.Count / 2]:F3}, mean {ratios.Average():F3}, ")
            + Line($"max {worst:F3} ({at})"));
    }

    private static (double Forward, double Gradient) EngineTimes(IFaceEmbedder embedder, Tensor images)
    {
        var gradients = (IDifferentiableEmbedder)embedder;
        var forward = new List<double>();
        var gradient = new List<double>();
        for (var round = 0; round < 7; round++)
        {
            using var scope = NewDisposeScope();
            var clock = Stopwatch.StartNew();
            embedder.Embed(images);
            forward.Add(clock.Elapsed.TotalSeconds / images.shape[0]);
            clock.Restart();
            var input = images.detach().requires_grad_(true);
            autograd.grad([gradients.EmbedForGradient(input).sum()], [input]);
            gradient.Add(clock.Elapsed.TotalSeconds / images.shape[0]);
        }
        return (forward.Order().ElementAt(3), gradient.Order().ElementAt(3));
    }

    private static Tensor Load(string reference, List<JsonElement> pairs, string side) => ImageTensors.ToTensor(
        [.. pairs.Select(p => ImageFile.Read(Path.Combine(reference, "aligned", p.GetProperty(side).GetString()!)))]);

    private static Reference Read(JsonElement e) => new(
        e.GetProperty("success").GetBoolean(),
        e.GetProperty("l2").ValueKind == JsonValueKind.Number ? e.GetProperty("l2").GetDouble() : null,
        e.GetProperty("linf").ValueKind == JsonValueKind.Number ? e.GetProperty("linf").GetDouble() : 0,
        e.GetProperty("forwards").GetInt64(), e.GetProperty("gradients").GetInt64(), e.GetProperty("seconds").GetDouble());

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
