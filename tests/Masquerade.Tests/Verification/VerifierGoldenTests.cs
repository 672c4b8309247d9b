using System.Text.Json;
using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Models;
using Masquerade.Verification;

namespace Masquerade.Tests.Verification;

/// <summary>The distances that another implementation (PyTorch) found for the first 50 study pairs.</summary>
public sealed class VerifierGoldenTests
{
    [Theory]
    [InlineData("the reference's crops", 2e-5)]
    [InlineData("our crops of the photographs", 0.02)]
    public void Distances_are_the_references(string crops, double tolerance)
    {
        using var model = FaceModel.Load(Shared.Path("models", "mobilefacenet.model.json"), 1, gradients: false);
        var aligned = crops.StartsWith("the reference", StringComparison.Ordinal);
        var cropper = new FaceCropper(AlignmentKinds.Parse(model.Descriptor.Alignment), model.Descriptor.InputSize,
            LandmarkFile.Read(Shared.Path("data", "lfw", "landmarks.csv")), aligned);
        var source = new FaceCropSource(
            new ImageFolder(aligned ? Shared.Path("reference", "foolbox-v1", "aligned") : Shared.Path("data", "lfw", "images")), cropper);
        using var reference = JsonDocument.Parse(File.ReadAllText(Shared.Path("reference", "foolbox-v1", "results.json")));
        var pairs = reference.RootElement.GetProperty("pairs").EnumerateArray().ToArray();
        var embeddings = new EmbeddingPipeline(model.Embedder, source.Load)
            .Embed(pairs.SelectMany(p => new[] { Name(p, "probe"), Name(p, "reference") }), null, TestContext.Current.CancellationToken);
        embeddings.Unusable.ShouldBeEmpty();
        pairs.Length.ShouldBe(50);
        var worst = 0.0;
        foreach (var pair in pairs)
        {
            embeddings.TryGet(Name(pair, "probe"), out var probe).ShouldBeTrue();
            embeddings.TryGet(Name(pair, "reference"), out var other).ShouldBeTrue();
            worst = Math.Max(worst, Math.Abs(FaceVerifier.Distance(probe, other) - pair.GetProperty("clean_distance").GetDouble()));
        }
        worst.ShouldBeLessThan(tolerance);

        static string Name(JsonElement pair, string side) => Path.GetFileNameWithoutExtension(pair.GetProperty(side).GetString()!);
    }
}
