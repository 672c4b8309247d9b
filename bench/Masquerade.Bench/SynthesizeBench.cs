using System.Diagnostics;
using System.Security.Cryptography;
using Masquerade.Evaluation.Datasets.Synthetic;

namespace Masquerade.Bench;

/// <summary>
/// Synthetic photographs a second on one thread and on many; both ways take turns. What a busy machine does not slow is the processor's
/// time. The hash over all files tells whether two states of the painters, or two machines, paint the same.
/// </summary>
internal static class SynthesizeBench
{
    public const string Usage = "[--people 100] [--captures 2] [--rounds 5] [--threads N]";

    public static void Run(BenchOptions options)
    {
        var people = options.Number("people", 100);
        var captures = options.Number("captures", 2);
        var rounds = options.Number("rounds", 5);
        var threads = options.Number("threads", Environment.ProcessorCount);
        options.RequireAllUsed();
        var faces = new SyntheticFaces(0);
        var jpegs = new byte[people * captures][];
        var ways = new[] { 1, threads }.Distinct().ToDictionary(t => t, _ => new List<(double Wall, double Processor)>());
        for (var round = -1; round < rounds; round++)
        {
            foreach (var (count, seconds) in ways)
            {
                var (watch, before) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
                Parallel.For(0, jpegs.Length, new ParallelOptions { MaxDegreeOfParallelism = count },
                    i => jpegs[i] = faces.Photograph(i / captures, i % captures).Jpeg);
                // The round before the first warms up.
                if (round >= 0) seconds.Add((watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds));
            }
        }
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var jpeg in jpegs) hash.AppendData(jpeg);
        Console.WriteLine($"{jpegs.Length} photographs, {rounds} rounds, {Environment.ProcessorCount} cores");
        Console.WriteLine($"{"",-12}{"photos/s",10}{"best",10}{"ms of CPU each",16}");
        foreach (var (count, seconds) in ways)
        {
            var (wall, processor) = (seconds.Select(s => s.Wall).Order().ToList(), seconds.Select(s => s.Processor).Order().ToList());
            Console.WriteLine($"{count,3} {(count == 1 ? "thread" : "threads"),-8}{jpegs.Length / wall[rounds / 2],10:F1}"
                + $"{jpegs.Length / wall[0],10:F1}{1000 * processor[rounds / 2] / jpegs.Length,16:F2}");
        }
        Console.WriteLine($"SHA-256 of the files: {Convert.ToHexStringLower(hash.GetHashAndReset())}");
    }
}
