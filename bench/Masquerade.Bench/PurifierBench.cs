using System.Diagnostics;
using Masquerade.Defenses;
using Masquerade.Detection;
using Masquerade.Imaging;
using Masquerade.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Bench;

/// <summary>
/// Milliseconds an image of each purifier or detector, without and with a gradient back to the image, and what that is of a recogniser's own forward
/// pass. All take turns, several rounds, so that a busy machine slows all of them; medians over rounds are reported.
/// </summary>
internal static class PurifierBench
{
    public const string Usage =
        "[--defenses mean:3,median:3+jpeg,…|none (every one)] [--model M.model.json] [--detectors FILES, of the model] [--size 112] [--batch 32] [--rounds 7] [--threads N]";

    private const int SettlingMilliseconds = 100;
    private const int WarmUpRounds = 4;

    private sealed record Way(string Name, string Kind, Action Forward, Action? Gradient)
    {
        public List<double> Milliseconds { get; } = [];

        public List<double> GradientMilliseconds { get; } = [];
    }

    public static void Run(BenchOptions options)
    {
        var (size, batch, rounds) = (options.Number("size", 112), options.Number("batch", 32), options.Number("rounds", 7));
        var threads = options.Number("threads", Environment.ProcessorCount);
        var defenses = options.Optional("defenses") is { } named ? named == "none" ? [] : named.Split(',') : [.. PurifierRegistry.All.Select(p => p.Name).Where(Opens)];
        var descriptor = options.Optional("model");
        var detectors = options.Optional("detectors")?.Split(',') ?? [];
        if (detectors.Length > 0 && descriptor is null) throw new InputException("detectors are for a model; name it with --model");
        options.RequireAllUsed();
        set_num_threads(threads);
        using var model = descriptor is null ? null : FaceModel.Load(descriptor, threads, gradients: detectors.Length > 0);
        using var scope = NewDisposeScope();
        var images = Images(batch, new ImageSize(size, size));
        var draws = Enumerable.Range(0, batch).Select(i => new RandomDraw(new CounterRandom(0, "bench", $"image {i}"), 0)).ToArray();
        var purifiers = defenses.Select(d => PurifierRegistry.Open(d, PurifierFiles.Default with { Threads = threads })).ToList();
        var ways = new List<Way>();
        if (model is not null)
        {
            var crops = Images(batch, model.Descriptor.InputSize);
            ways.Add(new Way(model.Descriptor.Name, "", () => model.Embedder.Embed(crops).Dispose(), null));
        }
        ways.AddRange(purifiers.Select(p =>
            new Way(p.Name, Kind(p.Gradient) + (p.IsRandom ? ", random" : ""), () => p.Purify(images, draws).Dispose(),
                () => Gradient(x => p.PurifyForGradient(x, draws), images))));
        var opened = detectors.Select(d => Detector.Open(BundledDetectors.FileOf(d), model!, threads, gradients: true)).ToList();
        foreach (var detector in opened)
        {
            var crops = Images(batch, model!.Descriptor.InputSize);
            ways.Add(new Way(detector.Name, Kind(detector.Gradient), () => detector.Scores(crops), () => Gradient(detector.ScoresForGradient, crops)));
        }
        for (var round = -WarmUpRounds; round < rounds; round++)
        {
            foreach (var way in ways)
            {
                Measure(way.Forward, way.Milliseconds);
                if (way.Gradient is not null) Measure(way.Gradient, way.GradientMilliseconds);
            }

            void Measure(Action run, List<double> times)
            {
                // An engine's threads stay busy for a while after a pass, waiting for the next.
                Thread.Sleep(SettlingMilliseconds);
                var watch = Stopwatch.StartNew();
                run();
                // The rounds before the first compile, and compile better what is called often.
                if (round >= 0) times.Add(watch.Elapsed.TotalMilliseconds / batch);
            }
        }
        purifiers.ForEach(p => p.Dispose());
        opened.ForEach(d => d.Dispose());
        Console.Write($"milliseconds an image: {size}x{size}, batch {batch}, {threads} threads, ");
        Console.WriteLine($"{rounds} rounds, {Environment.ProcessorCount} cores");
        Print(ways, model is not null);
    }

    private static void Gradient(Func<Tensor, Tensor> network, Tensor images)
    {
        using var scope = NewDisposeScope();
        var leaf = images.clone().requires_grad_();
        autograd.grad([network(leaf).sum()], [leaf]);
    }

    private static void Print(List<Way> ways, bool withModel)
    {
        Console.WriteLine($"{"",-34}{"forward",9}{"gradient",10}{(withModel ? $"{"of the model",14}" : "")}  kind");
        foreach (var way in ways)
        {
            var gradient = way.Gradient is null ? "" : Median(way.GradientMilliseconds).ToString("F2");
            // Ratios within a round, then their median: a slow spell of the machine hits both sides.
            var ratio = withModel ? $"{Median([.. way.Milliseconds.ZipExact(ways[0].Milliseconds, (own, model) => own / model)]),14:P1}" : "";
            Console.WriteLine($"{way.Name,-34}{Median(way.Milliseconds),9:F3}{gradient,10}{ratio}  {way.Kind}");
        }
    }

    private static string Kind(PurifierGradient gradient) => gradient == PurifierGradient.Exact ? "exact" : "straight-through";

    private static Tensor Images(int count, ImageSize size)
    {
        var values = new float[count * size.Values];
        var random = new CounterRandom(0, "bench", "purifiers");
        random.Uniform(values, 0);
        // As noisy as photographs are: a JPEG of even noise takes twice the time.
        for (var i = 0; i < values.Length; i++) values[i] = 0.5f + 0.3f * MathF.Sin(i * 0.0123f) + 0.02f * values[i];
        return tensor(values, [count, 3, size.Height, size.Width]);
    }

    private static bool Opens(string name)
    {
        try
        {
            PurifierRegistry.Open(name).Dispose();
            return true;
        }
        catch (InputException)
        {
            return false;
        }
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
