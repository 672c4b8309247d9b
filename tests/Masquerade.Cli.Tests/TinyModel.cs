using System.Globalization;
using Google.Protobuf;
using Masquerade.Networks.Onnx.Format;

namespace Masquerade.Cli.Tests;

/// <summary>A network of one convolution on 16×16 crops, small enough to be written for every test.</summary>
internal static class TinyModel
{
    public const int Side = 16;
    public const int EmbeddingSize = 8;

    private const int AlignedSide = 112;

    /// <summary>Writes <c>tiny.onnx</c> and its descriptor; returns the descriptor's path.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="poison">Whether a weight is not a number.</param>
    /// <param name="side">What the descriptor says of the input's size.</param>
    public static string Write(string folder, bool poison = false, int side = Side)
    {
        File.WriteAllBytes(Path.Combine(folder, "tiny.onnx"), Network(poison).ToByteArray());
        var descriptor = Path.Combine(folder, "tiny.model.json");
        File.WriteAllText(descriptor, string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "name": "Tiny", "file": "tiny.onnx", "format": "onnx",
              "input": { "width": {{side}}, "height": {{side}}, "mean": 127.5, "std": 128 },
              "alignment": "none", "threshold": 0.5, "embeddingSize": {{EmbeddingSize}}, "thresholdSource": "made up"
            }
            """));
        return descriptor;
    }

    /// <summary>Writes a network on the crops that most face models take, with its descriptor; returns the descriptor's path.</summary>
    /// <param name="folder">Where to; made if it is not there.</param>
    /// <param name="name">Name of the model and of both files.</param>
    /// <param name="threshold">Its threshold.</param>
    public static string WriteAligned(string folder, string name, double threshold)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, $"{name}.onnx"), Network(poison: false, AlignedSide, stride: 4).ToByteArray());
        var descriptor = Path.Combine(folder, $"{name}.model.json");
        File.WriteAllText(descriptor, string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "name": "{{name}}", "file": "{{name}}.onnx", "format": "onnx",
              "input": { "width": {{AlignedSide}}, "height": {{AlignedSide}}, "mean": 127.5, "std": 128 },
              "alignment": "arcface-112x112", "threshold": {{threshold}}, "embeddingSize": {{EmbeddingSize}}, "thresholdSource": "made up"
            }
            """));
        return descriptor;
    }

    private static ModelProto Network(bool poison, int side = Side, int stride = 1)
    {
        var weights = new TensorProto { Name = "weights", DataType = (int)TensorProto.Types.DataType.Float };
        weights.Dims.AddRange([EmbeddingSize, 3, 3, 3]);
        // Any fixed numbers do, as long as embeddings of different pictures differ.
        for (var i = 0; i < EmbeddingSize * 27; i++) weights.FloatData.Add(MathF.Sin(1.7f * i * i + 0.3f));
        if (poison) weights.FloatData[5] = float.NaN;
        var graph = new GraphProto { Name = "tiny" };
        graph.Initializer.Add(weights);
        var strides = new AttributeProto { Name = "strides", Type = AttributeProto.Types.AttributeType.Ints, Ints = { stride, stride } };
        graph.Node.Add(new NodeProto { OpType = "Conv", Input = { "crops", "weights" }, Output = { "features" }, Attribute = { strides } });
        graph.Node.Add(new NodeProto { OpType = "Tanh", Input = { "features" }, Output = { "bounded" } });
        graph.Node.Add(new NodeProto { OpType = "GlobalAveragePool", Input = { "bounded" }, Output = { "pooled" } });
        graph.Node.Add(new NodeProto { OpType = "Flatten", Input = { "pooled" }, Output = { "embedding" } });
        graph.Input.Add(Value("crops", [null, 3, side, side]));
        graph.Output.Add(Value("embedding", [null, EmbeddingSize]));
        return new ModelProto { IrVersion = 7, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 13 } } };
    }

    private static ValueInfoProto Value(string name, long?[] dims)
    {
        var shape = new TensorShapeProto();
        foreach (var dim in dims)
        {
            shape.Dim.Add(dim is { } size
                ? new TensorShapeProto.Types.Dimension { DimValue = size }
                : new TensorShapeProto.Types.Dimension { DimParam = "batch" });
        }
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
