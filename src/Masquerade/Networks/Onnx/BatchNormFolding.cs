using Masquerade.Networks.Onnx.Operators;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx;

/// <summary>
/// Moves a batch normalisation into the weights of the convolution whose only reader it is: (w·x + b)·s + t is a convolution
/// with the weights s·w and the bias s·b + t.
/// </summary>
internal static class BatchNormFolding
{
    /// <summary>Folds wherever it can: the nodes lose the normalisation, the constants gain the new weights.</summary>
    public static void Apply(List<OnnxNode> nodes, Dictionary<string, Tensor> constants, string graphOutput)
    {
        var readers = nodes.SelectMany(n => n.Inputs).CountBy(name => name).ToDictionary(StringComparer.Ordinal);
        var producers = nodes.Where(n => n.Outputs.Length > 0).ToLookup(n => n.Outputs[0], StringComparer.Ordinal);
        var folded = new HashSet<OnnxNode>();
        foreach (var norm in nodes)
        {
            if (norm.Operator != "BatchNormalization" || !IsPlain(norm)) continue;
            if (norm.Inputs.Length != 5 || !norm.Inputs.Skip(1).All(constants.ContainsKey)) continue;
            var name = norm.Inputs[0];
            if (name == graphOutput || readers[name] != 1) continue;
            if (producers[name].FirstOrDefault() is { Operator: "Conv" } conv && Fold(conv, norm, constants)) folded.Add(norm);
        }
        nodes.RemoveAll(folded.Contains);
    }

    private static bool IsPlain(OnnxNode norm) =>
        norm.Int("training_mode", 0) == 0 && norm.Int("spatial", 1) == 1 && norm.Outputs.Skip(1).All(o => o.Length == 0);

    private static bool Fold(OnnxNode conv, OnnxNode norm, Dictionary<string, Tensor> constants)
    {
        if (!conv.HasInput(1) || !constants.TryGetValue(conv.Inputs[1], out var weight)) return false;
        Tensor? bias = null;
        if (conv.HasInput(2) && !constants.TryGetValue(conv.Inputs[2], out bias)) return false;
        var channels = weight.shape.FirstOrDefault();
        // Anything odd is left for the kernels to complain about.
        var statistics = norm.Inputs.Skip(1).Select(i => constants[i]).Concat(bias is null ? [] : [bias]);
        if (weight.dim() < 3 || statistics.Any(s => s.dim() != 1 || s.shape[0] != channels)) return false;

        var values = norm.Inputs.Select(i => constants.GetValueOrDefault(i)!).ToArray();
        var (scale, shift) = Normalizations.Affine(values[1], values[2], values[3], values[4], norm.Float("epsilon", 1e-5f));
        long[] perFilter = [channels, .. Enumerable.Repeat(1L, (int)weight.dim() - 1)];

        // The names cannot clash: one value has one source, and this one was the convolution's alone.
        var (newWeight, newBias) = (conv.Outputs[0] + "\0weight", conv.Outputs[0] + "\0bias");
        constants[newWeight] = (weight.to_type(ScalarType.Float64) * scale.reshape(perFilter)).to_type(norm.Floats);
        constants[newBias] = (bias is null ? shift : (bias.to_type(ScalarType.Float64) * scale).Plus(shift)).to_type(norm.Floats);
        conv.Rewire(newWeight, newBias, norm.Outputs[0]);
        return true;
    }
}
