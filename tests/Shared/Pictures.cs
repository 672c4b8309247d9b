using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Imaging;
using static TorchSharp.torch;

namespace Masquerade.Testing;

/// <summary>Images to purify, and what tests ask of them.</summary>
internal static class Pictures
{
    private static readonly Lazy<FaceImage[]> Painted = new(() =>
    {
        var faces = new SyntheticFaces(5);
        return [.. Enumerable.Range(0, 3).Select(i => faces.Photograph(i, 0))
            .Select(p => FaceAligner.Align(p.Decode(), p.Landmarks, AlignmentKind.ArcFace112x112))];
    });

    /// <summary>Painted faces, [count,3,112,112]; at most three.</summary>
    public static Tensor Faces(int count) => ImageTensors.ToTensor(Painted.Value[..count]);

    /// <summary>Faces with a little noise, as a camera's.</summary>
    public static Tensor NoisyFaces(int count, double levels)
    {
        using var scope = NewDisposeScope();
        return Faces(count).Plus(Gaussian(count, 112, 112, 9), levels / 255).Clipped().MoveToOuterDisposeScope();
    }

    /// <summary>Values of which no two are alike, [count,3,height,width].</summary>
    public static Tensor Even(int count, int height, int width, int seed, float least = 0, float most = 1)
    {
        var random = new Random(seed);
        var values = new float[count * 3 * height * width];
        for (var i = 0; i < values.Length; i++) values[i] = least + (most - least) * random.NextSingle();
        return tensor(values, [count, 3, height, width]);
    }

    /// <summary>The same value everywhere, [count,3,height,width].</summary>
    public static Tensor Flat(int count, int height, int width, double value) => zeros(count, 3, height, width).Plus(value);

    /// <summary>Standard normal values, [count,3,height,width].</summary>
    public static Tensor Gaussian(int count, int height, int width, int seed)
    {
        var values = new float[count * 3 * height * width];
        new CounterRandom(seed, "test", "picture").Gaussian(values, 0);
        return tensor(values, [count, 3, height, width]);
    }

    /// <summary>A draw for each image.</summary>
    public static RandomDraw[] Draws(int count, int level = 0) =>
        [.. Enumerable.Range(0, count).Select(i => new RandomDraw(new CounterRandom(3, "test", $"image {i}"), level))];

    /// <summary>The values of a batch as [image,channel,row,column].</summary>
    public static double[,,,] Values(Tensor images)
    {
        var shape = images.shape;
        var values = images.detach().contiguous().data<float>().ToArray();
        var cube = new double[shape[0], shape[1], shape[2], shape[3]];
        var (plane, width) = (shape[2] * shape[3], shape[3]);
        for (var i = 0L; i < values.Length; i++)
            cube[i / (shape[1] * plane), i / plane % shape[1], i / width % shape[2], i % width] = values[i];
        return cube;
    }

    /// <summary>The largest difference of two batches.</summary>
    public static double Difference(Tensor a, Tensor b) => (a - b).abs().max().item<float>();

    /// <summary>The Euclidean distance of two batches.</summary>
    public static double Distance(Tensor a, Tensor b) => (a - b).norm().item<float>();

    /// <summary>The sum of the absolute differences of neighbours.</summary>
    public static double Variation(Tensor images)
    {
        using var scope = NewDisposeScope();
        var down = images.narrow(2, 1, images.shape[2] - 1) - images.narrow(2, 0, images.shape[2] - 1);
        var right = images.narrow(3, 1, images.shape[3] - 1) - images.narrow(3, 0, images.shape[3] - 1);
        return down.abs().sum().item<float>() + right.abs().sum().item<float>();
    }

    /// <summary>The index of a row or column beyond the border, mirrored without repeating the edge.</summary>
    public static int Mirrored(int index, int length) => index < 0 ? -index : index >= length ? 2 * (length - 1) - index : index;
}
