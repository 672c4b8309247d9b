using Google.Protobuf;
using Masquerade.Faces;
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
        var graph = new GraphProto { Name = "probe" };
        graph.Input.Add(Value("crops", 3, Size.Height, Size.Width));
        var last = "crops";
        for (var layer = 0; layer < Channels.Length - 1; layer++)
        {
            graph.Initializer.Add(Weights($"weights{layer}", Channels[layer + 1], Channels[layer]));
            var conv = new NodeProto { OpType = "Conv", Input = { last, $"weights{layer}" }, Output = { $"features{layer}" } };
            conv.Attribute.Add(Ints("strides", 2, 2));
            conv.Attribute.Add(Ints("pads", 1, 1, 1, 1));
            graph.Node.Add(conv);
            last = $"positive{layer}";
            graph.Node.Add(new NodeProto { OpType = "Relu", Input = { $"features{layer}" }, Output = { last } });
        }
        graph.Node.Add(new NodeProto { OpType = "GlobalAveragePool", Input = { last }, Output = { "pooled" } });
        graph.Node.Add(new NodeProto { OpType = "Flatten", Input = { "pooled" }, Output = { "embedding" } });
        graph.Output.Add(Value("embedding", Channels[^1]));
        return new ModelProto { IrVersion = 7, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 13 } } };
    }

    private static TensorProto Weights(string name, int outputs, int inputs)
    {
        var values = new float[outputs * inputs * 9];
        // Any fixed numbers do, of a size that keeps the features' own (He et al., ICCV 2015).
        var size = MathF.Sqrt(2f / (inputs * 9)) * MathF.Sqrt(2);
        for (var i = 0; i < values.Length; i++) values[i] = size * MathF.Sin(1.7f * (i % 4001) * (i % 4001) + 0.3f * outputs);
        var tensor = new TensorProto { Name = name, DataType = (int)TensorProto.Types.DataType.Float };
        tensor.Dims.AddRange([outputs, inputs, 3, 3]);
        tensor.FloatData.AddRange(values);
        return tensor;
    }

    private static AttributeProto Ints(string name, params long[] values) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } };

    private static ValueInfoProto Value(string name, params long[] sizes)
    {
        var shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "batch" } } };
        foreach (var size in sizes) shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = size });
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
