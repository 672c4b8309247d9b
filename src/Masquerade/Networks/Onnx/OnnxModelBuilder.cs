using System.Runtime.InteropServices;
using Google.Protobuf;
using Masquerade.Networks.Onnx.Format;
using AttributeType = Masquerade.Networks.Onnx.Format.AttributeProto.Types.AttributeType;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Networks.Onnx;

/// <summary>Writes ONNX models: input "x", output "y".</summary>
internal sealed class OnnxModelBuilder
{
    private readonly GraphProto _graph = new() { Name = "network" };
    private readonly long _opset;

    /// <param name="opset">Version of the standard operators.</param>
    /// <param name="input">The declared shape of the image input; negative sizes are free.</param>
    public OnnxModelBuilder(long opset, params long[] input)
    {
        _opset = opset;
        _graph.Input.Add(Value("x", DataType.Float, input));
    }

    /// <summary>The graph so far.</summary>
    public GraphProto Graph => _graph;

    /// <summary>Adds a node; its output is called "y" unless named otherwise.</summary>
    public OnnxModelBuilder Node(string type, string[] inputs, string[]? outputs = null, params (string Name, object Value)[] attributes)
    {
        var node = new NodeProto { OpType = type };
        node.Input.Add(inputs);
        node.Output.Add(outputs ?? ["y"]);
        node.Attribute.Add(attributes.Select(a => Attribute(a.Name, a.Value)));
        _graph.Node.Add(node);
        return this;
    }

    /// <summary>Adds a stored tensor.</summary>
    public OnnxModelBuilder Constant(string name, TensorProto tensor)
    {
        tensor.Name = name;
        _graph.Initializer.Add(tensor);
        return this;
    }

    /// <summary>Adds stored floats.</summary>
    public OnnxModelBuilder Constant(string name, long[] shape, params float[] values) => Constant(name, Floats(shape, values));

    /// <summary>Adds a stored list of integers.</summary>
    public OnnxModelBuilder Integers(string name, params long[] values) => Constant(name, Longs([values.Length], values));

    /// <summary>The model with the output "y" of a type and, where it is known, a shape.</summary>
    public ModelProto Build(DataType output = DataType.Float, long[]? shape = null)
    {
        var model = new ModelProto { IrVersion = _opset >= 19 ? 9 : 8, Graph = _graph.Clone() };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = _opset });
        if (model.Graph.Output.Count == 0) model.Graph.Output.Add(Value("y", output, shape));
        return model;
    }

    /// <summary>Declares a value.</summary>
    public static ValueInfoProto Value(string name, DataType type, long[]? shape)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type };
        if (shape is not null)
        {
            tensor.Shape = new TensorShapeProto();
            tensor.Shape.Dim.Add(shape.Select((s, i) => s < 0
                ? new TensorShapeProto.Types.Dimension { DimParam = $"free{i}" }
                : new TensorShapeProto.Types.Dimension { DimValue = s }));
        }
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    /// <summary>A tensor of floats.</summary>
    public static TensorProto Floats(long[] shape, params float[] values) =>
        Tensor(DataType.Float, shape, MemoryMarshal.AsBytes<float>(values));

    /// <summary>A tensor of integers.</summary>
    public static TensorProto Longs(long[] shape, params long[] values) =>
        Tensor(DataType.Int64, shape, MemoryMarshal.AsBytes<long>(values));

    /// <summary>A single truth value.</summary>
    public static TensorProto Bool(bool value) => Tensor(DataType.Bool, [], [(byte)(value ? 1 : 0)]);

    /// <summary>A tensor of any type.</summary>
    public static TensorProto Tensor(DataType type, long[] shape, ReadOnlySpan<byte> raw)
    {
        var tensor = new TensorProto { DataType = (int)type, RawData = ByteString.CopyFrom(raw) };
        tensor.Dims.Add(shape);
        return tensor;
    }

    private static AttributeProto Attribute(string name, object value)
    {
        var attribute = new AttributeProto { Name = name };
        switch (value)
        {
            case int i: (attribute.I, attribute.Type) = (i, AttributeType.Int); break;
            case long i: (attribute.I, attribute.Type) = (i, AttributeType.Int); break;
            case bool b: (attribute.I, attribute.Type) = (b ? 1 : 0, AttributeType.Int); break;
            case float f: (attribute.F, attribute.Type) = (f, AttributeType.Float); break;
            case string s: (attribute.S, attribute.Type) = (ByteString.CopyFromUtf8(s), AttributeType.String); break;
            case TensorProto t: (attribute.T, attribute.Type) = (t, AttributeType.Tensor); break;
            case long[] ints: attribute.Ints.Add(ints); attribute.Type = AttributeType.Ints; break;
            case float[] floats: attribute.Floats.Add(floats); attribute.Type = AttributeType.Floats; break;
            default: throw new ArgumentException($"no attribute can hold a {value.GetType()}");
        }
        return attribute;
    }
}
