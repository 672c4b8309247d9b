using Masquerade.Imaging;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;

namespace Masquerade.Models.Diagnosis;

/// <summary>A small network for trying out engines, the same everywhere, so that speeds of two machines compare.</summary>
internal static class ProbeNetwork
{
    /// <summary>Size of the crops that it takes.</summary>
    public static readonly ImageSize Size = new(112, 112);

    private static readonly int[] Channels = [3, 16, 32, 64, 128];

    /// <summary>Four convolutions that each halve the image, and an average: 24 million multiplications an image.</summary>
    public static ModelProto Create()
    {
        var builder = new OnnxModelBuilder(13, -1, 3, Size.Height, Size.Width);
        var last = "x";
        for (var layer = 0; layer < Channels.Length - 1; layer++)
        {
            var (inputs, outputs) = (Channels[layer], Channels[layer + 1]);
            builder.Constant($"weights{layer}", [outputs, inputs, 3, 3], Weights(outputs, inputs))
                .Node("Conv", [last, $"weights{layer}"], [$"features{layer}"],
                    ("strides", new long[] { 2, 2 }), ("pads", new long[] { 1, 1, 1, 1 }))
                .Node("Relu", [$"features{layer}"], [last = $"positive{layer}"]);
        }
        return builder.Node("GlobalAveragePool", [last], ["pooled"]).Node("Flatten", ["pooled"]).Build(shape: [-1, Channels[^1]]);
    }

    private static float[] Weights(int outputs, int inputs)
    {
        var values = new float[outputs * inputs * 9];
        // Any fixed numbers do, of a size that keeps the features' own (He et al., ICCV 2015).
        var size = MathF.Sqrt(4f / (inputs * 9));
        for (var i = 0; i < values.Length; i++) values[i] = size * MathF.Sin(1.7f * (i % 4001) * (i % 4001) + 0.3f * outputs);
        return values;
    }
}
