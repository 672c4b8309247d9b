using System.Globalization;
using Google.Protobuf;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Runs;
using Masquerade.Imaging;
using Masquerade.Networks.Onnx;

namespace Masquerade.Evaluation.Tests;

/// <summary>
/// Everything that a run needs, small: a folder with photographs of 16×16 pixels, a pair list and a network of three convolutions whose
/// weights are drawn from a fixed seed. Attacks have successes and failures on it.
/// </summary>
internal sealed class TinyRun : IDisposable
{
    public const double Threshold = 0.5;
    public static readonly ImageSize Size = new(16, 16);

    private const int Waves = 6;
    private readonly TemporaryFolder _folder = new();

    /// <param name="pairs">Pairs in the list; every other one shows one person.</param>
    public TinyRun(int pairs = 10)
    {
        Model = WriteModel("tiny");
        var lines = new List<string> { "probe,reference,same_person" };
        for (var i = 0; i < pairs; i++)
        {
            var same = i % 2 == 0;
            lines.Add($"p{i}a.png,p{i}b.png,{(same ? 1 : 0)}");
            WritePhotograph($"p{i}a.png", Person(i, same ? i : 1000 + i));
            WritePhotograph($"p{i}b.png", Person(i, i, blur: 2));
        }
        Pairs = _folder.Write("pairs.csv", string.Join('\n', lines));
    }

    /// <summary>Path of the model's descriptor.</summary>
    public string Model { get; }

    /// <summary>Folder of the photographs.</summary>
    public string Images => _folder["images"];

    /// <summary>Path of the pair list.</summary>
    public string Pairs { get; }

    /// <summary>A path beside them.</summary>
    public string this[string name] => _folder[name];

    /// <summary>An experiment on all of it.</summary>
    public Experiment Experiment(params string[] attacks) => new()
    {
        Models = [Model],
        Images = Images,
        Pairs = Pairs,
        Aligned = true,
        Attacks = attacks.Length > 0 ? attacks : ["minimal"],
        Batch = 4,
        Threads = 1,
    };

    /// <summary>Runs an experiment into a folder, or goes on with the run that is there; gives back the ledger to read.</summary>
    /// <param name="experiment">What to do; ignored where there is a run.</param>
    /// <param name="folder">Name of the run folder.</param>
    /// <param name="progress">Told after every evaluation.</param>
    /// <param name="strict">Whether a damaged photograph ends the run.</param>
    /// <param name="cancellation">Stops it.</param>
    public RunLedger Run(
        Experiment experiment, string folder, Action<RunProgress>? progress = null, bool strict = false,
        CancellationToken cancellation = default)
    {
        var resumed = File.Exists(Path.Combine(this[folder], RunLedger.FileName)) ? RunLedger.Resume(this[folder]) : null;
        try
        {
            using var plan = ExperimentPlan.Open(resumed?.Experiment ?? experiment, strict);
            resumed ??= RunLedger.Create(this[folder], plan.Experiment, plan.Pairs, plan.Cells);
            new ExperimentRunner(plan, resumed, strict).Run(progress, cancellation);
        }
        finally
        {
            resumed?.Dispose();
        }
        return RunLedger.Read(this[folder]);
    }

    /// <summary>Rows without the one thing that differs each time.</summary>
    public static IReadOnlyList<AttackRow> Timeless(IRunResults run) => [.. run.Rows.Select(r => r with { Seconds = 0 })];

    /// <summary>Writes a network and its descriptor; the path of the descriptor.</summary>
    /// <param name="name">Name of the model and of both files.</param>
    /// <param name="differentiable">Else an operator is in it that only ONNX Runtime knows, and that changes nothing.</param>
    /// <param name="seed">Of the weights.</param>
    public string WriteModel(string name, bool differentiable = true, int seed = 1)
    {
        var random = new Random(seed);
        (string, object) down = ("strides", new long[] { 2, 2 });
        var network = new OnnxModelBuilder(13, -1, 3, Size.Height, Size.Width)
            .Constant("w1", [8, 3, 4, 4], Weights(8, 48))
            .Constant("w2", [16, 8, 3, 3], Weights(16, 72))
            .Constant("w3", [16, 16, 4, 4], Weights(16, 256))
            .Node("Conv", ["x", "w1"], ["c1"], down).Node("Relu", ["c1"], ["r1"])
            .Node("Conv", ["r1", "w2"], ["c2"], down, ("pads", new long[] { 1, 1, 1, 1 })).Node("Relu", ["c2"], ["r2"])
            .Node("Conv", ["r2", "w3"], [differentiable ? "y" : "c3"]);
        if (!differentiable) network.Node("Shrink", ["c3"], ["y"], ("lambd", 0f));
        _folder.Write($"{name}.onnx", network.Build().ToByteArray());
        return _folder.Write($"{name}.model.json", $$"""
            {"name": "{{name}}", "file": "{{name}}.onnx", "format": "onnx", "alignment": "none", "embeddingSize": 16, "license": "none",
             "input": {"width": {{Size.Width}}, "height": {{Size.Height}}, "mean": 127.5, "std": 127.5},
             "threshold": {{Threshold.ToString(CultureInfo.InvariantCulture)}}, "thresholdSource": "chosen for tests"}
            """);

        float[] Weights(int outputs, int inputs) =>
            [.. Enumerable.Range(0, outputs * inputs).Select(_ => (float)((2 * random.NextDouble() - 1) * Math.Sqrt(3.0 / inputs)))];
    }

    /// <summary>Writes a photograph into the folder.</summary>
    public void WritePhotograph(string name, FaceImage image) => _folder.Write(Path.Combine("images", name), ImageFile.EncodePng(image));

    /// <summary>A picture of waves that belong to a person, with some that belong to the picture.</summary>
    private static FaceImage Person(int picture, int person, int blur = 1)
    {
        var values = new float[Size.Values];
        Add(new Random(7919 * person + 1), 0.1f);
        Add(new Random(104729 * picture + blur), 0.03f);
        return ImageTensors.FromPlanar([.. values.Select(v => Math.Clamp(v + 0.5f, 0.02f, 0.98f))], Size);

        void Add(Random random, float amplitude)
        {
            for (var wave = 0; wave < Waves; wave++)
            {
                var (fx, fy, phase) = (random.NextDouble() * 1.2, random.NextDouble() * 1.2, random.NextDouble() * 6.3);
                var channel = random.Next(3);
                for (var i = 0; i < values.Length; i++)
                {
                    var (c, y, x) = (i / (Size.Width * Size.Height), i / Size.Width % Size.Height, i % Size.Width);
                    values[i] += amplitude * (c == channel ? 1.5f : 0.7f) * (float)Math.Sin(fx * x + fy * y + phase);
                }
            }
        }
    }

    public void Dispose() => _folder.Dispose();
}
