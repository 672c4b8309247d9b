using System.Buffers.Binary;
using Masquerade.Networks.Checkpoints.Format;
using static TorchSharp.torch;

namespace Masquerade.Networks.Checkpoints;

/// <summary>
/// The value of a constant in a TensorFlow graph. It is written as its bytes, or as numbers; of these the last stands for all that
/// are not written, and zero where none is.
/// </summary>
internal static class GraphTensor
{
    /// <summary>The constant's value; null where it is a text or another thing that no weight can be.</summary>
    /// <exception cref="InputException">The value is missing or does not fill its shape.</exception>
    public static CheckpointTensor? Read(CheckpointSource source, NodeDef node)
    {
        var name = CheckpointSource.Quote(node.Name);
        if (!node.Attr.TryGetValue("value", out var attribute) || attribute.Tensor is not { } value)
            throw source.Fail($"the constant {name} of its graph has no value; export it again");
        if (TypeOf(value.Dtype) is not { } type) return null;
        if (value.TensorShape is { UnknownRank: true })
            throw source.Fail($"the constant {name} of its graph has no shape; export it again");
        long[] shape = [.. value.TensorShape?.Dim.Select(dim => dim.Size) ?? []];
        var bytes = TensorLayout.Count(source, shape) * TensorLayout.SizeOf(type);
        if (value.TensorContent.IsEmpty) return new CheckpointTensor(type, shape, Written(source, name, value, type, bytes));
        if (value.TensorContent.Length != bytes)
        {
            throw source.Fail(
                $"the constant {name} of its graph has {value.TensorContent.Length} bytes, its shape asks for {bytes}; fetch it again");
        }
        return new CheckpointTensor(type, shape, value.TensorContent.Memory);
    }

    private static byte[] Written(CheckpointSource source, string name, TensorProto value, ScalarType type, long bytes)
    {
        var size = TensorLayout.SizeOf(type);
        var (count, write) = Numbers(value, type);
        if (count > bytes / size)
            throw source.Fail($"the constant {name} of its graph has {count} values, its shape asks for {bytes / size}; fetch it again");
        source.Charge(bytes);
        if (bytes > Array.MaxLength) throw source.Fail($"the constant {name} of its graph is larger than the 2 GiB that can be read");
        var data = new byte[bytes];
        for (var i = 0; i < count; i++) write(i, data.AsSpan(i * size, size));
        if (count == 0) return data;
        var last = data.AsSpan((count - 1) * size, size);
        for (var at = count * size; at < data.Length; at += size) last.CopyTo(data.AsSpan(at));
        return data;
    }

    private delegate void Write(int index, Span<byte> to);

    private static (int Count, Write Write) Numbers(TensorProto value, ScalarType type) => type switch
    {
        ScalarType.Float32 => (value.FloatVal.Count, (i, to) => BinaryPrimitives.WriteSingleLittleEndian(to, value.FloatVal[i])),
        ScalarType.Float64 => (value.DoubleVal.Count, (i, to) => BinaryPrimitives.WriteDoubleLittleEndian(to, value.DoubleVal[i])),
        ScalarType.Float16 or ScalarType.BFloat16 =>
            (value.HalfVal.Count, (i, to) => BinaryPrimitives.WriteUInt16LittleEndian(to, (ushort)value.HalfVal[i])),
        ScalarType.Int64 => (value.Int64Val.Count, (i, to) => BinaryPrimitives.WriteInt64LittleEndian(to, value.Int64Val[i])),
        ScalarType.Int32 => (value.IntVal.Count, (i, to) => BinaryPrimitives.WriteInt32LittleEndian(to, value.IntVal[i])),
        ScalarType.Int16 => (value.IntVal.Count, (i, to) => BinaryPrimitives.WriteInt16LittleEndian(to, (short)value.IntVal[i])),
        ScalarType.Bool => (value.BoolVal.Count, (i, to) => to[0] = value.BoolVal[i] ? (byte)1 : (byte)0),
        _ => (value.IntVal.Count, (i, to) => to[0] = (byte)value.IntVal[i]),
    };

    private static ScalarType? TypeOf(int dtype) => dtype switch
    {
        1 => ScalarType.Float32,
        2 => ScalarType.Float64,
        3 => ScalarType.Int32,
        4 => ScalarType.Byte,
        5 => ScalarType.Int16,
        6 => ScalarType.Int8,
        9 => ScalarType.Int64,
        10 => ScalarType.Bool,
        14 => ScalarType.BFloat16,
        19 => ScalarType.Float16,
        _ => null,
    };
}
