using Masquerade.Detection;
using Masquerade.Networks.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training.Detectors;

/// <summary>The networks of detectors that are fitted, not trained step by step.</summary>
internal static class DetectorHeads
{
    private const int Opset = 17;

    // Levels of an activation: below and above these quantiles of clean faces.
    private static readonly double[] Quantiles = [0.25, 0.5, 0.75];

    // How sharp the smooth stand-in's steps are, as a share of the distance between the outer quantiles.
    private const double Softness = 0.1;

    // By how many such steps a smooth step comes later where its level is the least value there is.
    private const double StepsAboveLeast = 2;

    // Covariances are mixed with a little of a round one: some directions have no variance in some thousand faces.
    private const double Shrinkage = 0.05;

    // More vectors make the kernel matrix large, and the detector slow.
    private const int MostVectors = 3000;

    /// <summary>The largest of some distances.</summary>
    /// <param name="width">How many.</param>
    public static OnnxModelBuilder Squeeze(int width) =>
        new OnnxModelBuilder(Opset, -1, width).Node("ReduceMax", ["x"], ["y"], ("axes", new[] { 1L }), ("keepdims", 1));

    /// <summary>
    /// The logarithms of each layer's Mahalanobis distance from clean faces, weighed so that they tell adversarial images best.
    /// </summary>
    /// <param name="clean">float32 [n,D]: activations of clean faces.</param>
    /// <param name="adversarial">float32 [m,D]: of adversarial images.</param>
    /// <param name="widths">Values of each layer.</param>
    public static OnnxModelBuilder Mahalanobis(Tensor clean, Tensor adversarial, IReadOnlyList<int> widths)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var (from, to) = (clean.to(ScalarType.Float64), adversarial.to(ScalarType.Float64));
        var mean = from.mean([0]);
        var whitening = zeros([mean.shape[0], mean.shape[0]], ScalarType.Float64);
        var layers = zeros([mean.shape[0], widths.Count], ScalarType.Float64);
        var at = 0;
        foreach (var (layer, width) in widths.Index())
        {
            var own = (from - mean).narrow(1, at, width);
            var covariance = own.t().matmul(own).Over(from.shape[0]);
            var average = covariance.trace().Over(width);
            var (variances, directions) = linalg.eigh(covariance.Times(1 - Shrinkage).Plus(diag(average.Times(Shrinkage).expand(width))));
            whitening.narrow(0, at, width).narrow(1, at, width).copy_(directions / variances.AtLeast(1e-12).sqrt());
            layers.narrow(0, at, width).narrow(1, layer, 1).copy_(ones([width, 1], ScalarType.Float64));
            at += width;
        }
        Tensor Distances(Tensor x) => (x - mean).matmul(whitening).Squared().matmul(layers).Plus(1).log();
        var labels = cat([zeros(from.shape[0], ScalarType.Float64), ones(to.shape[0], ScalarType.Float64)]);
        var (weights, bias) = LogisticRegression.Fit(cat([Distances(from), Distances(to)]), labels);
        return new OnnxModelBuilder(Opset, -1, mean.shape[0])
            .Constant("mean", mean.shape, Values(mean)).Node("Sub", ["x", "mean"], ["centred"])
            .Constant("whitening", whitening.shape, Values(whitening)).Node("MatMul", ["centred", "whitening"], ["white"])
            .Node("Mul", ["white", "white"], ["squares"])
            .Constant("layers", layers.shape, Values(layers)).Node("MatMul", ["squares", "layers"], ["distances"])
            .Constant("one", [1], 1).Node("Add", ["distances", "one"], ["raised"]).Node("Log", ["raised"], ["logarithms"])
            .Constant("weights", [widths.Count, 1], [.. weights.Select(w => (float)w)]).Node("MatMul", ["logarithms", "weights"], ["sum"])
            .Constant("bias", [1], (float)bias).Node("Add", ["sum", "bias"], ["y"]);
    }

    /// <summary>
    /// A support vector machine on activations in four levels; the output "soft" has smooth steps between them, for gradients.
    /// </summary>
    /// <inheritdoc cref="Mahalanobis"/>
    public static OnnxModelBuilder SafetyNet(Tensor clean, Tensor adversarial)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        Tensor[] bounds = [.. Quantiles.Select(q => Quantile(clean, q))];
        Tensor Codes(Tensor x) => bounds.Select(b => x.gt(b).to(ScalarType.Float32)).Aggregate((a, b) => a.Plus(b));
        var each = MostVectors / 2;
        var (innocent, attacked) = (Rows(Codes(Few(clean, each))), Rows(Codes(Few(adversarial, each))));
        var variance = (Codes(clean) - Codes(clean).mean([0])).Squared().sum([1]).mean().item<float>();
        var machine = SupportVectors.Train(
            [.. innocent, .. attacked], [.. innocent.Select(_ => false), .. attacked.Select(_ => true)], cost: 1, gamma: 1 / Math.Max(1e-6, variance));
        var width = clean.shape[1];
        var vectors = new float[machine.Vectors.Count * width];
        foreach (var (i, vector) in machine.Vectors.Index()) vector.CopyTo(vectors, i * width);
        var lengths = machine.Vectors.Select(v => v.Sum(x => x * x)).ToArray();
        var model = new OnnxModelBuilder(Opset, -1, width);
        // An activation that is nearly always the same has steps as wide as the others' on average.
        var spread = bounds[^1] - bounds[0];
        var step = where(spread.gt(bounds[0].FilledLike(1e-6)), spread, spread.mean()).AtLeast(1e-6).Times(Softness);
        var least = clean.amin([0]);
        for (var i = 0; i < bounds.Length; i++)
        {
            // What lies on a bound is below it: of a rectifier, all zeros; they stay below on smooth steps, too.
            var centre = bounds[i].PlusProduct(step.Times(StepsAboveLeast), bounds[i].eq(least).to(ScalarType.Float32));
            model.Constant($"bound{i}", [width], Values(bounds[i])).Constant($"centre{i}", [width], Values(centre));
        }
        model.Constant("sharpness", [width], Values(step.reciprocal()))
            .Constant("ones", [width, 1], [.. Enumerable.Repeat(1f, (int)width)])
            .Constant("vectors", [width, machine.Vectors.Count], Values(tensor(vectors, [machine.Vectors.Count, width]).t()))
            .Constant("lengths", [machine.Vectors.Count], lengths)
            .Constant("twice", [1], 2).Constant("gamma", [1], (float)-machine.Gamma)
            .Constant("weights", [machine.Vectors.Count, 1], [.. machine.Weights.Select(w => (float)w)])
            .Constant("bias", [1], (float)machine.Bias);
        Machine("hard", i => model.Node("Greater", ["x", $"bound{i}"], [$"above{i}"]).Node("Cast", [$"above{i}"], [$"hard{i}"], ("to", 1)), "y");
        Machine("soft", i => model.Node("Sub", ["x", $"centre{i}"], [$"beyond{i}"]).Node("Mul", [$"beyond{i}", "sharpness"], [$"steep{i}"])
            .Node("Sigmoid", [$"steep{i}"], [$"soft{i}"]), DetectorFile.SoftOutput);
        model.Graph.Output.Add(OnnxModelBuilder.Value("y", Networks.Onnx.Format.TensorProto.Types.DataType.Float, null));
        model.Graph.Output.Add(OnnxModelBuilder.Value(DetectorFile.SoftOutput, Networks.Onnx.Format.TensorProto.Types.DataType.Float, null));
        return model;

        void Machine(string kind, Action<int> code, string output)
        {
            for (var i = 0; i < bounds.Length; i++) code(i);
            model.Node("Add", [$"{kind}0", $"{kind}1"], [$"{kind}.two"]).Node("Add", [$"{kind}.two", $"{kind}2"], [$"{kind}.codes"])
                .Node("Mul", [$"{kind}.codes", $"{kind}.codes"], [$"{kind}.squares"]).Node("MatMul", [$"{kind}.squares", "ones"], [$"{kind}.length"])
                .Node("MatMul", [$"{kind}.codes", "vectors"], [$"{kind}.products"]).Node("Mul", [$"{kind}.products", "twice"], [$"{kind}.twice"])
                .Node("Add", [$"{kind}.length", "lengths"], [$"{kind}.lengths"])
                .Node("Sub", [$"{kind}.lengths", $"{kind}.twice"], [$"{kind}.distances"]).Node("Mul", [$"{kind}.distances", "gamma"], [$"{kind}.exponents"])
                .Node("Exp", [$"{kind}.exponents"], [$"{kind}.kernels"]).Node("MatMul", [$"{kind}.kernels", "weights"], [$"{kind}.sum"])
                .Node("Add", [$"{kind}.sum", "bias"], [output]);
        }
    }

    private static Tensor Quantile(Tensor rows, double share)
    {
        var (sorted, _) = rows.sort(0);
        return sorted[(long)(share * (rows.shape[0] - 1))];
    }

    private static Tensor Few(Tensor rows, int most) => rows.narrow(0, 0, Math.Min(most, rows.shape[0]));

    private static float[][] Rows(Tensor rows) => [.. rows.contiguous().data<float>().ToArray().Chunk((int)rows.shape[1])];

    private static float[] Values(Tensor tensor) => [.. tensor.to(ScalarType.Float32).contiguous().data<float>()];
}
