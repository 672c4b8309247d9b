using Masquerade.Networks.Checkpoints;
using static TorchSharp.torch;

namespace Masquerade.Testing;

/// <summary>
/// Weights for MTCNN that call every bright window a face, with landmarks at fixed places of it: what a detector needs around it can be
/// tried without published weights.
/// </summary>
internal static class MadeUpMtcnn
{
    /// <summary>Where the landmarks are in a window: columns of the five, then rows.</summary>
    public static IReadOnlyList<float> Places { get; } = [0.3f, 0.7f, 0.5f, 0.35f, 0.65f, 0.35f, 0.35f, 0.55f, 0.75f, 0.75f];

    /// <summary>Writes the three files into a folder, which is made.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="everywhere">Whether dark windows are faces, too.</param>
    /// <returns>The folder.</returns>
    public static string Write(string folder, bool everywhere = false)
    {
        using var scope = NewDisposeScope();
        Directory.CreateDirectory(folder);
        Save(folder, "pnet.pt", [Layer("conv1", 10, 3, 3, 3), Slopes("prelu1", 10), Layer("conv2", 16, 10, 3, 3), Slopes("prelu2", 16),
            Layer("conv3", 32, 16, 3, 3), Slopes("prelu3", 32), Logits("conv4_1", everywhere, 2, 32, 1, 1), Nothing("conv4_2", 4, 32, 1, 1)]);
        Save(folder, "rnet.pt", [Layer("conv1", 28, 3, 3, 3), Slopes("prelu1", 28), Layer("conv2", 48, 28, 3, 3), Slopes("prelu2", 48),
            Layer("conv3", 64, 48, 2, 2), Slopes("prelu3", 64), Dense("dense4", 128, 576, 64), Slopes("prelu4", 128),
            Logits("dense5_1", everywhere, 2, 128), Nothing("dense5_2", 4, 128)]);
        Save(folder, "onet.pt", [Layer("conv1", 32, 3, 3, 3), Slopes("prelu1", 32), Layer("conv2", 64, 32, 3, 3), Slopes("prelu2", 64),
            Layer("conv3", 64, 64, 3, 3), Slopes("prelu3", 64), Layer("conv4", 128, 64, 2, 2), Slopes("prelu4", 128),
            Dense("dense5", 256, 1152, 128), Slopes("prelu5", 256), Logits("dense6_1", everywhere, 2, 256), Nothing("dense6_2", 4, 256),
            ("dense6_3", zeros(10, 256), tensor(Places.ToArray()))]);
        return folder;
    }

    private static void Save(string folder, string file, (string Name, Tensor Weight, Tensor? Bias)[] layers)
    {
        var tensors = new Dictionary<string, Tensor>();
        foreach (var (name, weight, bias) in layers)
        {
            tensors[$"{name}.weight"] = weight;
            if (bias is not null) tensors[$"{name}.bias"] = bias;
        }
        SafetensorsWriter.Write(Path.Combine(folder, file), tensors);
    }

    /// <summary>The first output is the mean of the first input, or of all colours; the others are 0.</summary>
    private static (string, Tensor, Tensor?) Layer(string name, params long[] shape)
    {
        var window = (int)(shape[2] * shape[3]);
        var seen = shape[1] == 3 ? 3 * window : window;
        return (name, First(shape, seen, 1f / seen), zeros(shape[0]));
    }

    /// <summary>The first output is the mean of the first channel's places, which lie <paramref name="channels"/> apart.</summary>
    private static (string, Tensor, Tensor?) Dense(string name, long outputs, long inputs, long channels)
    {
        var weight = new float[outputs * inputs];
        for (long i = 0; i < inputs; i += channels) weight[i] = (float)channels / inputs;
        return (name, tensor(weight, [outputs, inputs]), zeros(outputs));
    }

    private static (string, Tensor, Tensor?) Slopes(string name, long channels) => (name, ones(channels), null);

    /// <summary>Brighter than half is a face, or everything; the brighter the surer.</summary>
    private static (string, Tensor, Tensor?) Logits(string name, bool everywhere, params long[] shape)
    {
        var weight = new float[shape.Aggregate(1L, (a, b) => a * b)];
        weight[shape[1..].Aggregate(1L, (a, b) => a * b)] = everywhere ? 1 : 20;
        return (name, tensor(weight, shape), tensor([0f, everywhere ? 3 : 0]));
    }

    private static (string, Tensor, Tensor?) Nothing(string name, params long[] shape) => (name, zeros(shape), zeros(shape[0]));

    /// <summary>Zeros, but for the first values.</summary>
    private static Tensor First(long[] shape, int count, float value)
    {
        var weight = new float[shape.Aggregate(1L, (a, b) => a * b)];
        Array.Fill(weight, value, 0, count);
        return tensor(weight, shape);
    }
}
