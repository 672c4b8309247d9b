using Google.Protobuf;
using Masquerade.Imaging;
using Masquerade.Networks.Onnx;
using Masquerade.Training;

namespace Masquerade.Testing;

/// <summary>A model on the crops that trainings have: two convolutions of fixed weights and a mean.</summary>
internal static class CropEmbedder
{
    private const int Channels = 6;
    private const int EmbeddingSize = 8;

    /// <summary>Writes it into a folder; returns the descriptor's path.</summary>
    public static string Write(TemporaryFolder folder, ImageSize? size = null)
    {
        var (width, height) = ((size ?? TrainingFaces.CropSize).Width, (size ?? TrainingFaces.CropSize).Height);
        var model = new OnnxModelBuilder(17, -1, 3, height, width)
            .Constant("w1", [Channels, 3, 5, 5], Waves(Channels * 75, 1.7f))
            .Node("Conv", ["x", "w1"], ["c1"], ("kernel_shape", new long[] { 5, 5 }), ("strides", new long[] { 4, 4 }))
            .Node("Sigmoid", ["c1"], ["s1"])
            .Constant("w2", [EmbeddingSize, Channels, 3, 3], Waves(EmbeddingSize * Channels * 9, 2.3f))
            .Node("Conv", ["s1", "w2"], ["c2"], ("kernel_shape", new long[] { 3, 3 }))
            .Node("Tanh", ["c2"], ["t2"]).Node("GlobalAveragePool", ["t2"], ["mean"]).Node("Flatten", ["mean"]);
        folder.Write("crop.onnx", model.Build(shape: [-1, EmbeddingSize]).ToByteArray());
        return folder.Write("crop.model.json", $$"""
            {
              "name": "crop", "file": "crop.onnx", "format": "onnx", "alignment": "{{(size is null ? "arcface-112x112" : "none")}}",
              "input": { "width": {{width}}, "height": {{height}}, "mean": 127.5, "std": 128 },
              "threshold": 0.5, "embeddingSize": {{EmbeddingSize}}, "thresholdSource": "made up"
            }
            """);
    }

    private static float[] Waves(int count, float step) =>
        [.. Enumerable.Range(0, count).Select(i => MathF.Sin(step * i * i + 0.3f) * 0.5f)];
}
