using System.Diagnostics;
using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Verification;

namespace Masquerade.Bench;

/// <summary>
/// Photographs a second: ONNX Runtime alone on ready crops, our embedder on ready crops, and everything (decode, crop, embed). All ways
/// take turns in one process, several rounds, so that a busy machine slows all of them; medians over rounds are reported.
/// </summary>
internal static class ThroughputBench
{
    public const string Usage =
        "--model M.model.json --images FOLDER --pairs LIST --landmarks CSV [--take 512] [--rounds 7] [--batch 32] [--threads N]";

    private sealed record Way(string Name, Action Run)
    {
        public List<double> Seconds { get; } = [];
    }

    public static void Run(BenchOptions options)
    {
        var descriptorPath = options.Text("model");
        var folder = new ImageFolder(options.Text("images"));
        var list = PairListReader.Read(options.Text("pairs"));
        var landmarks = LandmarkFile.Read(options.Text("landmarks"));
        var batch = options.Number("batch", 32);
        var rounds = options.Number("rounds", 7);
        var threads = options.Number("threads", Environment.ProcessorCount);
        var take = options.Number("take", 512);
        options.RequireAllUsed();
        using var manyThreads = FaceModel.Load(descriptorPath, threads, gradients: false);
        using var oneThread = FaceModel.Load(descriptorPath, 1, gradients: false);
        var descriptor = manyThreads.Descriptor;
        using var rawManyThreads = new RawSession(descriptor, threads);
        using var rawOneThread = new RawSession(descriptor, 1);

        var crops = new FaceCropSource(folder,
            new FaceCropper(AlignmentKinds.Parse(descriptor.Alignment), descriptor.InputSize, landmarks, aligned: false));
        var present = PairAvailability.Of(list, folder).Present;
        string[] names = [.. present.SelectMany(p => new[] { p.Probe, p.Reference }).Distinct().Take(take)];
        var size = descriptor.InputSize.Values;
        var ready = names.ToDictionary(name => name, crops.Load);
        var planar = new float[names.Length * size];
        for (var i = 0; i < names.Length; i++) ImageTensors.WritePlanar(ready[names[i]], planar.AsSpan(i * size, size));
        // The value does not matter to speed as long as it is of the size that the network expects.
        var normalised = Array.ConvertAll(planar, v => (v * 255 - descriptor.Mean[0]) / descriptor.Std[0]);
        var embeddings = new float[names.Length * descriptor.EmbeddingSize];
        var pipelineOptions = new EmbeddingOptions { Batch = batch, Workers = threads };

        Way[] ways =
        [
            new($"ONNX Runtime alone, one run of {threads} threads", () => Batches((at, count) =>
                rawManyThreads.Run(normalised.AsMemory(at * size, count * size), count))),
            new($"ONNX Runtime alone, {threads} runs of one thread", () => Parallel((at, count) =>
                rawOneThread.Run(normalised.AsMemory(at * size, count * size), count))),
            new($"our embedder on ready crops, one run of {threads} threads", () => Batches((at, count) =>
                manyThreads.Embedder.Embed(planar.AsMemory(at * size, count * size), count, Embeddings(at, count)))),
            new($"our embedder on ready crops, {threads} runs of one thread", () => Parallel((at, count) =>
                oneThread.Embedder.Embed(planar.AsMemory(at * size, count * size), count, Embeddings(at, count)))),
            new("pipeline from ready 8-bit crops", () => Pipeline(name => ready[name])),
            new("pipeline: decode, crop, embed", () => Pipeline(crops.Load)),
            new("decode and crop only", () => Parallel((at, count) =>
            {
                for (var i = at; i < at + count; i++) crops.Load(names[i]);
            })),
        ];

        for (var round = -1; round < rounds; round++)
        {
            foreach (var way in ways)
            {
                var watch = Stopwatch.StartNew();
                way.Run();
                // The round before the first warms up.
                if (round >= 0) way.Seconds.Add(watch.Elapsed.TotalSeconds);
            }
        }
        Print(descriptor, names.Length, batch, ways);

        Span<float> Embeddings(int at, int count) =>
            embeddings.AsSpan(at * descriptor.EmbeddingSize, count * descriptor.EmbeddingSize);

        void Pipeline(Func<string, FaceImage> load) => new EmbeddingPipeline(oneThread.Embedder, load, pipelineOptions).Embed(names);

        void Batches(Action<int, int> run)
        {
            for (var at = 0; at < names.Length; at += batch) run(at, Math.Min(batch, names.Length - at));
        }

        void Parallel(Action<int, int> run)
        {
            var taken = 0;
            var workers = Enumerable.Range(0, threads).Select(_ => new Thread(() =>
            {
                for (int at; (at = Interlocked.Add(ref taken, batch) - batch) < names.Length;) run(at, Math.Min(batch, names.Length - at));
            })).ToArray();
            foreach (var worker in workers) worker.Start();
            foreach (var worker in workers) worker.Join();
        }
    }

    private static void Print(ModelDescriptor descriptor, int photographs, int batch, Way[] ways)
    {
        // Ratios within a round, then their median: a slow spell of the machine hits both sides. The yardstick is the faster raw way.
        var yardstick = Enumerable.Range(0, ways[0].Seconds.Count).Select(r => Math.Min(ways[0].Seconds[r], ways[1].Seconds[r])).ToArray();
        Console.Write($"{descriptor.Name}: {photographs} photographs, batch {batch}, ");
        Console.WriteLine($"{yardstick.Length} rounds, {Environment.ProcessorCount} cores");
        Console.WriteLine($"{"",-58}{"photos/s",10}{"of ORT alone",14}");
        foreach (var way in ways)
        {
            var ratio = Median([.. way.Seconds.Select((s, r) => yardstick[r] / s)]);
            Console.WriteLine($"{way.Name,-58}{photographs / Median([.. way.Seconds]),10:F1}{ratio,14:P1}");
        }
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
    }
}
