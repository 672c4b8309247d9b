using System.Runtime.InteropServices;
using Google.Protobuf;
using Masquerade.Networks.Checkpoints.Format;
using static TorchSharp.torch;

namespace Masquerade.Testing;

/// <summary>Writes frozen TensorFlow graphs: the constants of FaceNet as its builder names them, or any nodes.</summary>
internal static class FrozenGraph
{
    public const int Float = 1, Int32 = 3, String = 7, Half = 19;

    private const string Root = "InceptionResnetV1";

    /// <summary>A file of nodes.</summary>
    public static byte[] Of(params IEnumerable<NodeDef> nodes)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
        {
            foreach (var node in nodes)
            {
                output.WriteTag(1, WireFormat.WireType.LengthDelimited);
                output.WriteMessage(node);
            }
            // The library of functions, without any, as freezing leaves it.
            output.WriteRawTag(2 << 3 | 2, 0);
        }
        return bytes.ToArray();
    }

    /// <summary>A constant with its values as bytes.</summary>
    public static NodeDef Constant(string name, int type, long[] shape, byte[] content) =>
        Constant(name, new TensorProto { Dtype = type, TensorContent = UnsafeByteOperations.UnsafeWrap(content) }, shape);

    /// <summary>A constant of any value.</summary>
    public static NodeDef Constant(string name, TensorProto value, params long[] shape)
    {
        value.TensorShape = new TensorShapeProto { Dim = { shape.Select(size => new TensorShapeProto.Types.Dim { Size = size }) } };
        return new NodeDef { Name = name, Op = "Const", Attr = { ["value"] = new AttrValue { Tensor = value } } };
    }

    /// <summary>A constant of float32 values.</summary>
    public static NodeDef Floats(string name, long[] shape, params ReadOnlySpan<float> values) =>
        Constant(name, Float, shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>A node that hands on what another is.</summary>
    public static NodeDef Identity(string name, string input) => new() { Name = name, Op = "Identity", Input = { input } };

    /// <summary>
    /// The nodes of FaceNet's graph. Its batch norms have no scale: the one of the weights given goes into the kernel and the mean.
    /// </summary>
    /// <param name="weights">Under facenet-pytorch's names.</param>
    /// <param name="type">Element type of the constants: float32 or float16.</param>
    public static List<NodeDef> FaceNet(IReadOnlyDictionary<string, Tensor> weights, int type = Float)
    {
        var graph = new Builder(weights, type);
        // What else such a graph has.
        graph.Nodes.Add(new NodeDef { Name = "input", Op = "Placeholder" });
        graph.Nodes.Add(Constant("batch_join/Const", new TensorProto { Dtype = String }, 3));
        graph.Nodes.Add(Constant($"{Root}/Logits/Flatten/flatten/Reshape/shape/1", new TensorProto { Dtype = Int32, IntVal = { -1 } }));
        graph.Convolution("conv2d_1a", "Conv2d_1a_3x3");
        graph.Convolution("conv2d_2a", "Conv2d_2a_3x3");
        graph.Convolution("conv2d_2b", "Conv2d_2b_3x3");
        graph.Convolution("conv2d_3b", "Conv2d_3b_1x1");
        graph.Convolution("conv2d_4a", "Conv2d_4a_3x3");
        graph.Convolution("conv2d_4b", "Conv2d_4b_3x3");
        for (var i = 0; i < 5; i++)
        {
            var (name, scope) = ($"repeat_1.{i}", $"Repeat/block35_{i + 1}");
            graph.Convolution($"{name}.branch0", $"{scope}/Branch_0/Conv2d_1x1");
            graph.Convolution($"{name}.branch1.0", $"{scope}/Branch_1/Conv2d_0a_1x1");
            graph.Convolution($"{name}.branch1.1", $"{scope}/Branch_1/Conv2d_0b_3x3");
            graph.Convolution($"{name}.branch2.0", $"{scope}/Branch_2/Conv2d_0a_1x1");
            graph.Convolution($"{name}.branch2.1", $"{scope}/Branch_2/Conv2d_0b_3x3");
            graph.Convolution($"{name}.branch2.2", $"{scope}/Branch_2/Conv2d_0c_3x3");
            graph.Projection(name, scope);
        }
        graph.Convolution("mixed_6a.branch0", "Mixed_6a/Branch_0/Conv2d_1a_3x3");
        graph.Convolution("mixed_6a.branch1.0", "Mixed_6a/Branch_1/Conv2d_0a_1x1");
        graph.Convolution("mixed_6a.branch1.1", "Mixed_6a/Branch_1/Conv2d_0b_3x3");
        graph.Convolution("mixed_6a.branch1.2", "Mixed_6a/Branch_1/Conv2d_1a_3x3");
        for (var i = 0; i < 10; i++) graph.Line($"repeat_2.{i}", $"Repeat_1/block17_{i + 1}", "1x7", "7x1");
        graph.Convolution("mixed_7a.branch0.0", "Mixed_7a/Branch_0/Conv2d_0a_1x1");
        graph.Convolution("mixed_7a.branch0.1", "Mixed_7a/Branch_0/Conv2d_1a_3x3");
        graph.Convolution("mixed_7a.branch1.0", "Mixed_7a/Branch_1/Conv2d_0a_1x1");
        graph.Convolution("mixed_7a.branch1.1", "Mixed_7a/Branch_1/Conv2d_1a_3x3");
        graph.Convolution("mixed_7a.branch2.0", "Mixed_7a/Branch_2/Conv2d_0a_1x1");
        graph.Convolution("mixed_7a.branch2.1", "Mixed_7a/Branch_2/Conv2d_0b_3x3");
        graph.Convolution("mixed_7a.branch2.2", "Mixed_7a/Branch_2/Conv2d_1a_3x3");
        for (var i = 0; i < 5; i++) graph.Line($"repeat_3.{i}", $"Repeat_2/block8_{i + 1}", "1x3", "3x1");
        graph.Line("block8", "Block8", "1x3", "3x1");
        graph.Bottleneck();
        return graph.Nodes;
    }

    private sealed class Builder(IReadOnlyDictionary<string, Tensor> weights, int type)
    {
        public List<NodeDef> Nodes { get; } = [];

        /// <summary>A residual block of two branches.</summary>
        public void Line(string name, string scope, string first, string second)
        {
            Convolution($"{name}.branch0", $"{scope}/Branch_0/Conv2d_1x1");
            Convolution($"{name}.branch1.0", $"{scope}/Branch_1/Conv2d_0a_1x1");
            Convolution($"{name}.branch1.1", $"{scope}/Branch_1/Conv2d_0b_{first}");
            Convolution($"{name}.branch1.2", $"{scope}/Branch_1/Conv2d_0c_{second}");
            Projection(name, scope);
        }

        public void Convolution(string name, string scope)
        {
            using var inner = NewDisposeScope();
            var scale = weights[$"{name}.bn.weight"];
            var kernel = weights[$"{name}.conv.weight"] * scale.view(-1, 1, 1, 1);
            // Its own size is in its name.
            if (!scope.EndsWith($"_{kernel.shape[2]}x{kernel.shape[3]}", StringComparison.Ordinal))
                throw new InvalidOperationException($"{scope} is {kernel.shape[2]}x{kernel.shape[3]}");
            Variable($"{scope}/weights", kernel.permute(2, 3, 1, 0));
            BatchNorm($"{name}.bn", scope, scale);
        }

        public void Projection(string name, string scope)
        {
            using var inner = NewDisposeScope();
            Variable($"{scope}/Conv2d_1x1/weights", weights[$"{name}.conv2d.weight"].permute(2, 3, 1, 0));
            Variable($"{scope}/Conv2d_1x1/biases", weights[$"{name}.conv2d.bias"]);
        }

        public void Bottleneck()
        {
            using var inner = NewDisposeScope();
            var scale = weights["last_bn.weight"];
            Variable("Bottleneck/weights", (weights["last_linear.weight"] * scale.view(-1, 1)).t());
            BatchNorm("last_bn", "Bottleneck", scale);
        }

        private void BatchNorm(string name, string scope, Tensor scale)
        {
            Variable($"{scope}/BatchNorm/beta", weights[$"{name}.bias"]);
            Variable($"{scope}/BatchNorm/moving_mean", weights[$"{name}.running_mean"] * scale);
            Variable($"{scope}/BatchNorm/moving_variance", weights[$"{name}.running_var"]);
            // What a fused batch norm without a scale multiplies by.
            Nodes.Add(Constant($"{Root}/{scope}/BatchNorm/Const", new TensorProto { Dtype = Float, FloatVal = { 1 } }, scale.shape));
        }

        private void Variable(string name, Tensor value)
        {
            var content = value.to(type == Half ? float16 : float32).contiguous();
            Nodes.Add(Constant($"{Root}/{name}", type, content.shape, content.bytes.ToArray()));
            Nodes.Add(Identity($"{Root}/{name}/read", $"{Root}/{name}"));
        }
    }
}
