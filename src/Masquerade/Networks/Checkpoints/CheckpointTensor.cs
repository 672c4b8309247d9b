using static TorchSharp.torch;

namespace Masquerade.Networks.Checkpoints;

/// <summary>A named array of a checkpoint. Reading one loads no libtorch; <see cref="ToTensor"/> does.</summary>
public sealed class CheckpointTensor
{
    internal CheckpointTensor(ScalarType type, IReadOnlyList<long> shape, ReadOnlyMemory<byte> data)
    {
        Type = type;
        Shape = shape;
        Data = data;
    }

    /// <summary>What its elements are.</summary>
    public ScalarType Type { get; }

    /// <summary>Its dimensions; none for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The elements, little-endian, without gaps, the last dimension running fastest.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Whether its elements are floating-point numbers of any size.</summary>
    public bool IsFloatingPoint => Type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;

    /// <summary>A copy in native memory with the element type of the file, on the CPU, owned by the caller's scope.</summary>
    public Tensor ToTensor()
    {
        var tensor = empty([.. Shape], dtype: Type, device: CPU);
        if (Data.Length > 0) Data.Span.CopyTo(tensor.bytes);
        return tensor;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Type} [{string.Join(", ", Shape)}]";
}
