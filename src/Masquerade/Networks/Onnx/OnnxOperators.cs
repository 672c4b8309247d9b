using System.Collections.Frozen;
using Masquerade.Networks.Onnx.Operators;

namespace Masquerade.Networks.Onnx;

/// <summary>The operators that can be imported, by name.</summary>
internal static class OnnxOperators
{
    /// <summary>All of them.</summary>
    public static FrozenDictionary<string, OnnxOperator> All { get; } = new[]
    {
        Activations.Table, Arithmetic.Table, Convolutions.Table, Normalizations.Table, Pooling.Table, Reductions.Table, Resizing.Table,
        Shapes.Table, Slices.Table,
    }.SelectMany(table => table).ToFrozenDictionary(StringComparer.Ordinal);
}
