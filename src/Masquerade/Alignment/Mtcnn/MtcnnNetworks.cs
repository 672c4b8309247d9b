using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Alignment.Mtcnn;

/// <summary>
/// MTCNN's three networks (Zhang et al., IEEE SPL 2016) as ONNX graphs. Each takes RGB values (p − 127.5) / 128 and answers with the two
/// logits of no face and face, four corrections of the box, and the third with ten coordinates of landmarks.
/// </summary>
internal static class MtcnnNetworks
{
    private const long Opset = 17;

    /// <summary>Proposals: [N,3,H,W] → logits [N,2,h,w], boxes [N,4,h,w]; a window of 12 pixels at every second pixel.</summary>
    public static ModelProto Proposal(MtcnnWeights weights) => new Chain(weights, -1, -1)
        .Convolution("conv1", 3, 10, 3).Rectify("prelu1").Pool(2)
        .Convolution("conv2", 10, 16, 3).Rectify("prelu2")
        .Convolution("conv3", 16, 32, 3).Rectify("prelu3")
        .Head("conv4_1", 2, 1).Head("conv4_2", 4, 1)
        .Build();

    /// <summary>Refinement of windows: [N,3,24,24] → logits [N,2], boxes [N,4].</summary>
    public static ModelProto Refinement(MtcnnWeights weights) => new Chain(weights, 24, 24)
        .Convolution("conv1", 3, 28, 3).Rectify("prelu1").Pool(3)
        .Convolution("conv2", 28, 48, 3).Rectify("prelu2").Pool(3)
        .Convolution("conv3", 48, 64, 2).Rectify("prelu3")
        .Flatten().Dense("dense4", 576, 128).Rectify("prelu4")
        .Head("dense5_1", 2).Head("dense5_2", 4)
        .Build();

    /// <summary>Output: [N,3,48,48] → logits [N,2], boxes [N,4], landmarks [N,10].</summary>
    public static ModelProto Output(MtcnnWeights weights) => new Chain(weights, 48, 48)
        .Convolution("conv1", 3, 32, 3).Rectify("prelu1").Pool(3)
        .Convolution("conv2", 32, 64, 3).Rectify("prelu2").Pool(3)
        .Convolution("conv3", 64, 64, 3).Rectify("prelu3").Pool(2)
        .Convolution("conv4", 64, 128, 2).Rectify("prelu4")
        .Flatten().Dense("dense5", 1152, 256).Rectify("prelu5")
        .Head("dense6_1", 2).Head("dense6_2", 4).Head("dense6_3", 10)
        .Build();

    /// <summary>Layers one after another, then heads on the last.</summary>
    private sealed class Chain(MtcnnWeights weights, long height, long width)
    {
        private readonly OnnxModelBuilder _graph = new(Opset, -1, 3, height, width);
        private string _last = "x";
        private long _channels = 3;
        private bool _flat;

        public Chain Convolution(string name, long inputs, long outputs, long kernel)
        {
            Weighted("Conv", name, name, outputs, outputs, inputs, kernel, kernel);
            return Then(name, outputs);
        }

        public Chain Dense(string name, long inputs, long outputs)
        {
            Weighted("Gemm", name, name, outputs, outputs, inputs);
            return Then(name, outputs);
        }

        public Chain Head(string name, long outputs, long? kernel = null)
        {
            if (kernel is { } size) Weighted("Conv", name, name, outputs, outputs, _channels, size, size);
            else Weighted("Gemm", name, name, outputs, outputs, _channels);
            _graph.Graph.Output.Add(OnnxModelBuilder.Value(name, DataType.Float, null));
            return this;
        }

        public Chain Rectify(string name)
        {
            _graph.Constant($"{name}.slopes", _flat ? [_channels] : [_channels, 1, 1], weights.Slopes(name, _channels));
            _graph.Node("PRelu", [_last, $"{name}.slopes"], [name]);
            return Then(name, _channels);
        }

        public Chain Pool(long size)
        {
            var name = $"{_last}.pool";
            _graph.Node("MaxPool", [_last], [name], ("kernel_shape", new[] { size, size }), ("strides", new[] { 2L, 2L }), ("ceil_mode", 1));
            return Then(name, _channels);
        }

        /// <summary>The first matrix expects columns before rows before channels.</summary>
        public Chain Flatten()
        {
            var name = $"{_last}.flat";
            _graph.Node("Transpose", [_last], [$"{name}.turned"], ("perm", new[] { 0L, 3, 2, 1 })).Node("Flatten", [$"{name}.turned"], [name]);
            _flat = true;
            return Then(name, _channels);
        }

        public ModelProto Build()
        {
            weights.Finish();
            return _graph.Build();
        }

        private void Weighted(string type, string name, string output, long outputs, params long[] shape)
        {
            _graph.Constant($"{name}.weight", shape, weights.Kernel(name, shape)).Constant($"{name}.bias", [outputs], weights.Bias(name, outputs));
            string[] inputs = [_last, $"{name}.weight", $"{name}.bias"];
            if (type == "Gemm") _graph.Node(type, inputs, [output], ("transB", 1));
            else _graph.Node(type, inputs, [output]);
        }

        private Chain Then(string name, long channels)
        {
            (_last, _channels) = (name, channels);
            return this;
        }
    }
}
