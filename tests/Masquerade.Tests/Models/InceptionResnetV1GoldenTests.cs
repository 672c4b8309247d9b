using System.IO.Compression;
using System.Text.Json;
using Masquerade.Models;
using Masquerade.Networks.Checkpoints;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Tests.Models;

/// <summary>The network against what facenet-pytorch computes with the same weights and photographs.</summary>
public sealed class InceptionResnetV1GoldenTests : IDisposable
{
    private const int First = 45, Size = 160;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Embeddings_and_gradients_are_facenet_pytorch_s()
    {
        var reference = Shared.Path("reference", "facenet");
        var checkpoint = Unpack(Path.Combine(reference, "inception-resnet-v1-fixture.pt.gz"));
        using var expectedJson = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(reference, "expected.json")));
        var names = expectedJson.RootElement.GetProperty("images").EnumerateArray().Select(name => name.GetString()!).ToList();
        // The second photograph is in no pair of the data here; its embedding is known, which is all that the first one's gradient needs.
        names.RemoveAt(1);

        using var scope = NewDisposeScope();
        using var network = InceptionResnetV1.Load(checkpoint, 127.5f, 128f);
        var values = names.SelectMany(Crop).ToArray();
        var images = tensor(values, [names.Count, 3, Size, Size]);
        var all = NpyReader.ReadArray(Path.Combine(reference, "expected-embeddings.npy")).ToTensor();
        var expected = cat([all[..1], all[2..]]);

        var embeddings = network.Embed(images);
        embeddings.requires_grad.ShouldBeFalse();
        Largest(embeddings - expected).ShouldBeLessThan(1e-5);
        var managed = new float[names.Count * network.EmbeddingSize];
        network.Embed(values, names.Count, managed);
        Largest(tensor(managed, expected.shape) - expected).ShouldBeLessThan(1e-5);

        using var first = images[..1].detach().requires_grad_();
        var embedded = network.EmbedForGradient(first);
        Largest(embedded.detach() - expected[..1]).ShouldBeLessThan(1e-5);
        var distance = (embedded[0] - all[1]).Squared().sum();
        ((double)distance.item<float>()).ShouldBe(expectedJson.RootElement.GetProperty("pair_distance").GetDouble(), 1e-6);
        var gradient = autograd.grad([distance], [first])[0].flatten();
        var golden = NpyReader.ReadArray(Path.Combine(reference, "expected-distance-gradient.npy")).ToTensor()[0].flatten();
        nn.functional.cosine_similarity(gradient, golden, 0).item<float>().ShouldBeGreaterThan(0.999f);
        // The reference is with respect to the network's input, (p − 127.5) / 128; ours to the image, p / 255.
        (gradient.norm().item<float>() / golden.norm().item<float>()).ShouldBe(255f / 128f, 0.01);
    }

    [Fact]
    public void A_frozen_graph_with_the_same_weights_has_the_same_embeddings()
    {
        var reference = Shared.Path("reference", "facenet");
        var checkpoint = Unpack(Path.Combine(reference, "inception-resnet-v1-fixture.pt.gz"));
        using var scope = NewDisposeScope();
        var weights = CheckpointReader.Read(checkpoint).ToDictionary(item => item.Key, item => item.Value.ToTensor());
        var graph = _folder.Write("20180402-114759.pb", FrozenGraph.Of(FrozenGraph.FaceNet(weights)));
        using var fromGraph = InceptionResnetV1.Load(graph, 127.5f, 128f);
        using var fromCheckpoint = InceptionResnetV1.Load(checkpoint, 127.5f, 128f);
        string[] names = ["Aaron_Peirsol_0001.jpg", "Abdoulaye_Wade_0001.jpg", "Zico_0002.jpg"];
        var images = tensor(names.SelectMany(Crop).ToArray(), [names.Length, 3, Size, Size]);
        var all = NpyReader.ReadArray(Path.Combine(reference, "expected-embeddings.npy")).ToTensor();
        var embeddings = fromGraph.Embed(images);
        Largest(embeddings - cat([all[..1], all[2..]])).ShouldBeLessThan(1e-5);
        Largest(embeddings - fromCheckpoint.Embed(images)).ShouldBeLessThan(1e-6);
    }

    private static double Largest(Tensor difference) => difference.abs().max().to(ScalarType.Float64).item<double>();

    private string Unpack(string path)
    {
        var target = _folder["weights.pt"];
        using var from = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var to = File.Create(target);
        from.CopyTo(to);
        return target;
    }

    // Planar RGB in [0,1] of the crop that the reference is made of.
    private static float[] Crop(string name)
    {
        using var bitmap = SKBitmap.Decode(Shared.Path("data", "lfw", "images", name[..name.LastIndexOf('_')], name));
        var planar = new float[3 * Size * Size];
        for (var y = 0; y < Size; y++)
        {
            for (var x = 0; x < Size; x++)
            {
                var colour = bitmap.GetPixel(First + x, First + y);
                var at = y * Size + x;
                planar[at] = colour.Red / 255f;
                planar[at + Size * Size] = colour.Green / 255f;
                planar[at + 2 * Size * Size] = colour.Blue / 255f;
            }
        }
        return planar;
    }
}
