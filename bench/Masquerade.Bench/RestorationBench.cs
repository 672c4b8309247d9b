using System.Diagnostics;
using System.Globalization;
using Masquerade.Defenses;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;
using Masquerade.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Bench;

/// <summary>
/// What purifiers make of crops with Gaussian noise: the peak signal-to-noise ratio on the people that <c>masq train denoiser</c> keeps from
/// training, given the same photographs and the same number of people.
/// </summary>
internal static class RestorationBench
{
    private const int Batch = 32;

    public const string Usage = "--images FOLDER --landmarks FILE [--people-list FILE] [--validation-people 150] [--noise 25] "
        + "[--defenses epll:25,nlm:25,…] [--threads N]";

    public static void Run(BenchOptions options)
    {
        var threads = options.Number("threads", Environment.ProcessorCount);
        var data = new TrainingData
        {
            Images = options.Text("images"),
            Landmarks = options.Text("landmarks"),
            PeopleList = options.Optional("people-list"),
        };
        var people = options.Number("validation-people", 150);
        var sigma = options.Number("noise", 25);
        var defenses = options.Optional("defenses")?.Split(',') ??
        [
            "dncnn", $"epll:{sigma}", $"nlm:{sigma}", $"tv:{sigma}", "bilateral:1.5:75", "wavelet", $"gmrf:{sigma}", "gaussian:1", "median:3", "mean:3",
        ];
        options.RequireAllUsed();
        set_num_threads(threads);
        var faces = data.Load(1, threads, strict: false, progress: null, CancellationToken.None).Split(people).Validation;
        using var scope = NewDisposeScope();
        var clean = ImageTensors.ToTensor([.. Enumerable.Range(0, faces.Count).Select(faces.Crop)]);
        var noise = new float[clean.numel()];
        new CounterRandom(0, "restoration", "noise").Gaussian(noise, 0);
        // As a training on noise sees it: not clipped.
        var noisy = clean.Plus(tensor(noise, clean.shape), sigma / 255.0);
        Console.WriteLine(Text($"PSNR in dB of {faces.Count} crops of {people} people with noise of {sigma} levels; means with 95 % intervals"));
        Print("as it is", Ratios(noisy, clean), 0);
        foreach (var name in defenses)
        {
            using var purifier = PurifierRegistry.Open(name, PurifierFiles.Default with { Threads = threads });
            using var inner = NewDisposeScope();
            var watch = Stopwatch.StartNew();
            var purified = cat([.. noisy.split(Batch).Select((part, i) => purifier.Purify(part, Draws(purifier, i, part)))]);
            Print(purifier.Name, Ratios(purified, clean), watch.Elapsed.TotalMilliseconds / faces.Count);
        }
    }

    private static RandomDraw[]? Draws(Purifier purifier, int batch, Tensor images) => !purifier.IsRandom ? null
        : [.. Enumerable.Range(0, (int)images.shape[0]).Select(i => new RandomDraw(new CounterRandom(0, "restoration", $"{batch}"), i))];

    private static double[] Ratios(Tensor images, Tensor clean)
    {
        using var scope = NewDisposeScope();
        return [.. (images - clean).Squared().flatten(1).mean([1]).AtLeast(1e-12).log10().data<float>().Select(l => -10.0 * l)];
    }

    private static void Print(string name, double[] ratios, double milliseconds)
    {
        var (mean, error) = (ratios.Average(), 1.96 * Math.Sqrt(ratios.Sum(r => Math.Pow(r - ratios.Average(), 2)) / ratios.Length / (ratios.Length - 1)));
        Console.WriteLine(Text($"{name,-34}{mean,7:F2} ± {error:F2}{(milliseconds > 0 ? Text($"{milliseconds,9:F1} ms an image") : "")}"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
