using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf.Collections;
using Masquerade.Networks.Onnx.Format;
using TorchSharp;
using static TorchSharp.torch;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Networks.Onnx;

/// <summary>Turns stored tensors into torch tensors. Every floating-point type becomes the one that the network computes in.</summary>
internal static class OnnxTensorReader
{
    /// <summary>Most values in one constant; a larger one is taken for a damaged or hostile file.</summary>
    public const long MostValues = 1L << 28;

    /// <summary>Reads a tensor.</summary>
    /// <param name="proto">What the file holds.</param>
    /// <param name="floats">The type for floating-point values.</param>
    /// <param name="source">File name, for messages.</param>
    /// <returns>A CPU tensor, owned by the caller's scope.</returns>
    /// <exception cref="InputException">Its values are in another file, do not fill its shape, or have an unknown type.</exception>
    public static Tensor Read(TensorProto proto, ScalarType floats, string source)
    {
        InputException Bad(string what) => OnnxError.Broken(source, $"tensor '{proto.Name}' {what}");

        if (proto.DataLocation == TensorProto.Types.DataLocation.External || proto.ExternalData.Count > 0)
            throw Bad("is kept in another file (external data): save the model as one file");
        long count = 1;
        foreach (var size in proto.Dims)
        {
            if (size < 0 || (size > 0 && count > MostValues / size))
                throw Bad($"has the shape [{string.Join(",", proto.Dims)}], which is negative or too large");
            count *= size;
        }

        var type = (DataType)proto.DataType;
        var shape = proto.Dims.ToArray();
        switch (type)
        {
            case DataType.Float:
                return Of(Values(proto.FloatData, sizeof(float), BinaryPrimitives.ReadSingleLittleEndian), floats);
            case DataType.Double:
                return Of(Values(proto.DoubleData, sizeof(double), BinaryPrimitives.ReadDoubleLittleEndian), floats);
            case DataType.Float16:
                return Of(Values(proto.Int32Data, 2, BinaryPrimitives.ReadHalfLittleEndian,
                    v => BitConverter.UInt16BitsToHalf((ushort)v)).Select(v => (float)v), floats);
            case DataType.Bfloat16:
                return Of(Values(proto.Int32Data, 2, BinaryPrimitives.ReadUInt16LittleEndian, v => (ushort)v)
                    .Select(v => BitConverter.UInt32BitsToSingle((uint)v << 16)), floats);
            case DataType.Int64:
                return Of(Values(proto.Int64Data, sizeof(long), BinaryPrimitives.ReadInt64LittleEndian), ScalarType.Int64);
            case DataType.Uint64:
                return Of(Values(proto.Uint64Data, sizeof(ulong), BinaryPrimitives.ReadUInt64LittleEndian)
                    .Select(v => v <= long.MaxValue ? (long)v : throw Bad($"holds {v}, which is too large")), ScalarType.Int64);
            case DataType.Uint32:
                return Of(Values(proto.Uint64Data, sizeof(uint), BinaryPrimitives.ReadUInt32LittleEndian, v => (uint)v)
                    .Select(v => (long)v), ScalarType.Int64);
            case DataType.Int32:
                return Of(Values(proto.Int32Data, sizeof(int), BinaryPrimitives.ReadInt32LittleEndian), ScalarType.Int32);
            case DataType.Uint16:
                return Of(Values(proto.Int32Data, 2, BinaryPrimitives.ReadUInt16LittleEndian, v => (ushort)v)
                    .Select(v => (int)v), ScalarType.Int32);
            case DataType.Int16:
                return Of(Values(proto.Int32Data, 2, BinaryPrimitives.ReadInt16LittleEndian, v => (short)v), ScalarType.Int16);
            case DataType.Int8:
                return Of(Values(proto.Int32Data, 1, b => (sbyte)b[0], v => (sbyte)v), ScalarType.Int8);
            case DataType.Uint8:
                return Of(Values(proto.Int32Data, 1, b => b[0], v => (byte)v), ScalarType.Byte);
            case DataType.Bool:
                return Of(Values(proto.Int32Data, 1, b => b[0] != 0, v => v != 0), ScalarType.Bool);
            default:
                throw Bad($"has the element type {type}, which cannot be read");
        }

        Tensor Of<T>(IEnumerable<T> values, ScalarType kept) where T : unmanaged
        {
            // from_array copies; a scalar has the empty shape.
            var flat = values as T[] ?? values.ToArray();
            return from_array(flat).to_type(kept).reshape(shape);
        }

        T[] Values<TField, T>(RepeatedField<TField> field, int bytes, Reader<T> read, Func<TField, T>? convert = null) where T : unmanaged
        {
            if (!proto.HasRawData)
            {
                if (field.Count != count) throw Bad($"holds {field.Count} values where its shape asks for {count}");
                return convert is null ? [.. field.Cast<T>()] : [.. field.Select(convert)];
            }
            var raw = proto.RawData.Span;
            if (raw.Length != count * bytes) throw Bad($"holds {raw.Length} bytes where its shape asks for {count * bytes}");
            if (BitConverter.IsLittleEndian && typeof(T) != typeof(bool)) return MemoryMarshal.Cast<byte, T>(raw).ToArray();
            var values = new T[count];
            for (var i = 0; i < values.Length; i++) values[i] = read(raw.Slice(i * bytes, bytes));
            return values;
        }
    }

    private delegate T Reader<T>(ReadOnlySpan<byte> bytes);

    /// <summary>The torch type that stands for an ONNX element type.</summary>
    /// <returns>Null where there is none.</returns>
    public static ScalarType? TypeOf(long type, ScalarType floats) => (DataType)type switch
    {
        DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16 => floats,
        DataType.Int64 or DataType.Uint64 or DataType.Uint32 => ScalarType.Int64,
        DataType.Int32 or DataType.Uint16 => ScalarType.Int32,
        DataType.Int16 => ScalarType.Int16,
        DataType.Int8 => ScalarType.Int8,
        DataType.Uint8 => ScalarType.Byte,
        DataType.Bool => ScalarType.Bool,
        _ => null,
    };
}
