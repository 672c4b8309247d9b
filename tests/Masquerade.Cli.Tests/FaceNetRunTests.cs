using System.IO.Compression;
using System.Text.Json.Nodes;
using Masquerade.Evaluation.Ledger;
using Masquerade.Imaging;
using Masquerade.Networks.Checkpoints;
using TorchSharp;

namespace Masquerade.Cli.Tests;

/// <summary>The whole of <c>masq run</c> on FaceNet's network: its weights are made up, the way is that of the published.</summary>
public sealed class FaceNetRunTests : IDisposable
{
    private const int Size = 160, First = 45;
    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task The_study_runs_from_a_checkpoint_and_from_a_frozen_graph_to_the_same_rows()
    {
        var checkpoint = Unpack(Shared.Path("reference", "facenet", "inception-resnet-v1-fixture.pt.gz"));
        using (torch.NewDisposeScope())
        {
            var weights = CheckpointReader.Read(checkpoint).ToDictionary(item => item.Key, item => item.Value.ToTensor());
            File.WriteAllBytes(_masq["weights.pb"], FrozenGraph.Of(FrozenGraph.FaceNet(weights)));
        }
        string[] models = [Describe("pt", "weights.pt"), Describe("pb", "weights.pb")];
        var pairs = WriteCrops();

        string[] line = ["run", "--preset", "study-2019", "--images", _masq["crops"], "--pairs", pairs, "--aligned", "--sample", "4",
            "--take", "2", "--attacks", "foolbox-v1/deepfool,minimal/fgsm", "--threads", "2"];
        var result = await _masq.RunAsync([.. line, "--model", models[0], "--model", models[1]]);
        (result.Code, result.Error).ShouldBe((0, ""));
        result.Output.ShouldContain("Beside the study of 2019: pb, float images");
        foreach (var name in new[] { "run.db", "results.csv", "summary.json", "table.md", "report.html", "figures" })
            Path.Exists(_masq[$"runs/study-2019/{name}"]).ShouldBeTrue(name);

        using var ledger = RunLedger.Read(_masq["runs/study-2019"]);
        var (ofCheckpoint, ofGraph) = (Rows(ledger, "pt"), Rows(ledger, "pb"));
        ofCheckpoint.Count.ShouldBe(2 * 2);
        ofCheckpoint.ShouldContain(r => r.Success && r.L2 > 0);
        foreach (var (one, other) in ofCheckpoint.Zip(ofGraph))
        {
            (other.Pair, other.Attack, other.Success, other.AlreadyWrong).ShouldBe((one.Pair, one.Attack, one.Success, one.AlreadyWrong));
            other.DistanceBefore!.Value.ShouldBe(one.DistanceBefore!.Value, 1e-6);
            (other.L2 ?? -1).ShouldBe(one.L2 ?? -1, 1e-3);
        }
    }

    private static List<AttackRow> Rows(RunLedger ledger, string model) => [.. ledger.Rows.Where(r => r.Model == model)];

    /// <summary>The fixture's descriptor for a file of weights, with a threshold among the distances, which are all small.</summary>
    private string Describe(string name, string file)
    {
        var path = Shared.Path("reference", "facenet", "inception-resnet-v1-fixture.model.json");
        var descriptor = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        descriptor.Remove("sha256");
        (descriptor["name"], descriptor["file"], descriptor["threshold"]) = (name, file, 0.03);
        return _masq.Write($"{name}.model.json", descriptor.ToJsonString());
    }

    /// <summary>The middles of photographs, and a list of four pairs of them.</summary>
    private string WriteCrops()
    {
        Directory.CreateDirectory(_masq["crops"]);
        var lines = new List<string> { "probe,reference,same_person" };
        foreach (var fields in File.ReadLines(Shared.Path("data", "lfw", "seed-pairs.csv")).Skip(1).Take(4).Select(l => l.Split(',')))
        {
            lines.Add($"{Crop(fields[2])},{Crop(fields[3])},{fields[4]}");
        }
        return _masq.Write("crops.csv", string.Join('\n', lines));
    }

    private string Crop(string name)
    {
        var photograph = ImageFile.Read(Shared.Path("data", "lfw", "images", name[..name.LastIndexOf('_')], name));
        var pixels = new byte[3 * Size * Size];
        for (var y = 0; y < Size; y++)
            photograph.Pixels.AsSpan(3 * ((First + y) * photograph.Width + First), 3 * Size).CopyTo(pixels.AsSpan(3 * y * Size));
        var crop = Path.ChangeExtension(name, ".png");
        ImageFile.WritePng(Path.Combine(_masq["crops"], crop), new FaceImage(Size, Size, pixels));
        return crop;
    }

    private string Unpack(string path)
    {
        using var from = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var to = File.Create(_masq["weights.pt"]);
        from.CopyTo(to);
        return _masq["weights.pt"];
    }
}
