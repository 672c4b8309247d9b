using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>Normalisation layers.</summary>
internal static class Normalizations
{
    /// <summary>The operators, by name.</summary>
    public static readonly Dictionary<string, OnnxOperator> Table = new()
    {
        ["BatchNormalization"] = new(5, 5, BatchNormalization),
    };

    private static SingleKernel BatchNormalization(OnnxNode node)
    {
        if (node.Int("training_mode", 0) != 0) throw node.Unsupported("training mode");
        if (node.Int("spatial", 1) != 1) throw node.Unsupported("not spatial");
        node.OneOutputOnly("training mode");
        var epsilon = node.Float("epsilon", 1e-5f);
        return x => nn.functional.batch_norm(x[0], x[3], x[4], x[1], x[2], training: false, eps: epsilon);
    }
}
