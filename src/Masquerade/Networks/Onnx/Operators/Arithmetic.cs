using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>Element by element, with broadcasting.</summary>
internal static class Arithmetic
{
    /// <summary>The operators, by name.</summary>
    public static readonly Dictionary<string, OnnxOperator> Table = new()
    {
        ["Add"] = new(2, 2, _ => x => x[0] + x[1]),
    };
}
