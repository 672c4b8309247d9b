using Masquerade.Networks.Checkpoints;
using static TorchSharp.torch;

namespace Masquerade.Tests.Networks.Checkpoints;

/// <summary>Published weights: MTCNN's three networks, once as PyTorch files and once as dictionaries in .npy files.</summary>
public sealed class CheckpointGoldenTests
{
    [Theory]
    [InlineData("pnet.pt", 13, "conv1.weight", 10L, 3L, 3L, 3L)]
    [InlineData("rnet.pt", 16, "conv3.weight", 64L, 48L, 2L, 2L)]
    [InlineData("onet.pt", 21, "dense5.weight", 256L, 1152L)]
    public void Legacy_files_of_mtcnn_are_read(string file, int count, string name, params long[] shape)
    {
        var read = CheckpointReader.Read(Shared.Path("models", "mtcnn", file));
        read.Count.ShouldBe(count);
        read[name].Shape.ShouldBe(shape);
        read.Values.ShouldAllBe(tensor => tensor.Type == ScalarType.Float32);
    }

    // The .npy networks work on transposed images: a filter is [width, height, in, out] there and [out, in, height, width] in PyTorch. Two
    // independent readers must arrive at the same numbers.
    [Theory]
    [InlineData("det1.npy", "pnet.pt", "conv1", "conv1")]
    [InlineData("det1.npy", "pnet.pt", "conv4-1", "conv4_1")]
    [InlineData("det2.npy", "rnet.pt", "conv3", "conv3")]
    [InlineData("det3.npy", "onet.pt", "conv2", "conv2")]
    [InlineData("det3.npy", "onet.pt", "conv4", "conv4")]
    public void Both_publications_hold_the_same_filters(string npy, string pt, string npyName, string ptName)
    {
        using var scope = NewDisposeScope();
        var one = NpyReader.ReadDictionary(Shared.Path("models", "mtcnn", npy));
        var other = CheckpointReader.Read(Shared.Path("models", "mtcnn", pt));
        one[$"{npyName}.weights"].ToTensor().permute(3, 2, 1, 0).Equals(other[$"{ptName}.weight"].ToTensor()).ShouldBeTrue();
        one[$"{npyName}.biases"].ToTensor().Equals(other[$"{ptName}.bias"].ToTensor()).ShouldBeTrue();
    }
}
