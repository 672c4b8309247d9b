using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Masquerade.Networks.Checkpoints.Pickle;
using static TorchSharp.torch;

namespace Masquerade.Networks.Checkpoints;

/// <summary>A NumPy element type: made from a code such as <c>f4</c>, its byte order set afterwards.</summary>
internal sealed class NumpyType(CheckpointSource source, string code)
{
    /// <summary>Whether elements are Python objects.</summary>
    public bool IsObject { get; } = code is "O" or "O8" or "O4";

    /// <summary>Whether elements are stored with the most significant byte first.</summary>
    public bool BigEndian { get; set; }

    /// <summary>Takes the state that NumPy writes: (version, byte order, three nulls where it is no record type, …).</summary>
    public void SetState(object? state)
        => BigEndian = state is object?[] and [long, "<" or ">" or "|" or "=", null, null, null, ..] and [_, string order, ..]
            ? order == ">"
            : throw source.Fail("NumPy's record types and other compound elements are not read; save plain arrays");

    /// <summary>The element type of a numeric array.</summary>
    public ScalarType Type => code switch
    {
        "f8" => ScalarType.Float64,
        "f4" => ScalarType.Float32,
        "f2" => ScalarType.Float16,
        "i8" => ScalarType.Int64,
        "i4" => ScalarType.Int32,
        "i2" => ScalarType.Int16,
        "i1" => ScalarType.Int8,
        "u1" => ScalarType.Byte,
        "b1" => ScalarType.Bool,
        _ => throw source.Fail($"NumPy's element type {CheckpointSource.Quote(code)} is not read; use floats or integers of 1 to 8 bytes"),
    };

    /// <summary>A storage of this type.</summary>
    /// <param name="data">The elements as stored; not changed.</param>
    public CheckpointStorage Store(byte[] data)
    {
        var size = TensorLayout.SizeOf(Type);
        if (data.Length % size != 0) throw source.Fail($"an array of {data.Length} bytes is cut short; fetch it again");
        if (BigEndian && size > 1)
        {
            source.Charge(data.Length);
            data = [.. data];
            ByteOrder.Swap(data, size);
        }
        return new CheckpointStorage(Type, data.Length / size) { Data = data };
    }
}

/// <summary>Turns the bytes of elements around in place.</summary>
internal static class ByteOrder
{
    public static void Swap(byte[] data, int size)
    {
        switch (size)
        {
            case 2: Swap<short>(data, BinaryPrimitives.ReverseEndianness); break;
            case 4: Swap<int>(data, BinaryPrimitives.ReverseEndianness); break;
            case 8: Swap<long>(data, BinaryPrimitives.ReverseEndianness); break;
        }
    }

    private delegate void Reverse<T>(ReadOnlySpan<T> source, Span<T> destination);

    private static void Swap<T>(byte[] data, Reverse<T> reverse) where T : struct
    {
        var elements = MemoryMarshal.Cast<byte, T>(data.AsSpan());
        reverse(elements, elements);
    }
}

/// <summary>A pickled NumPy array: empty when it is made, filled by the state that follows.</summary>
internal sealed class PickledArray
{
    /// <summary>A <see cref="TensorLayout"/>, or for an array of objects the list of them (the object itself in a scalar array).</summary>
    public object? Value { get; private set; }

    /// <summary>Takes the state that NumPy writes: (version, shape, type, Fortran order, data).</summary>
    public void SetState(CheckpointSource source, object? state)
        => Value = (Value is null && state is object?[] and [long, object?[] shape, NumpyType type, bool fortran, var data]
                ? Read(source, PickleGlobals.Integers(source, shape), type, fortran, data)
                : null)
            ?? throw source.Fail("an array in it is not built as NumPy would build it; the file is damaged or hostile");

    private static object? Read(CheckpointSource source, long[] shape, NumpyType type, bool fortran, object? data)
    {
        if (!type.IsObject) return Bytes(source, data) is { } bytes ? TensorLayout.Whole(source, type.Store(bytes), shape, fortran) : null;
        if (data is not List<object?> objects || objects.Count != TensorLayout.Count(source, shape)) return null;
        return shape.Length == 0 ? objects[0] : objects;
    }

    // Python 2 has one type for text and bytes.
    private static byte[]? Bytes(CheckpointSource source, object? data)
    {
        if (data is not string text) return data as byte[];
        if (text.Any(c => c > 255)) return null;
        source.Charge(text.Length);
        return Encoding.Latin1.GetBytes(text);
    }
}

/// <summary>The names that pickled NumPy arrays use, with NumPy 2's module names.</summary>
internal static class NumpyPickle
{
    public static IEnumerable<PickleGlobal> Globals { get; } =
    [
        new("numpy.ndarray"),
        new("numpy.dtype", Call: static (source, args) => args is [string code, _, _] ? new NumpyType(source, code) : throw Bad(source)),
        new("numpy.core.multiarray._reconstruct", Call: Reconstruct),
        new("numpy._core.multiarray._reconstruct", Call: Reconstruct),
        new("numpy.core.multiarray.scalar", Call: Scalar),
        new("numpy._core.multiarray.scalar", Call: Scalar),
    ];

    private static PickledArray Reconstruct(CheckpointSource source, object?[] args)
        => args is [PickleGlobal { Name: "numpy.ndarray" }, object?[], string or byte[]] ? new PickledArray() : throw Bad(source);

    // A number kept beside the weights (an epoch, an accuracy); none of the tensors.
    private static object? Scalar(CheckpointSource source, object?[] args)
        => args is [NumpyType, string or byte[]] ? null : throw Bad(source);

    private static InputException Bad(CheckpointSource source)
        => source.Fail("an array in it is not built as NumPy would build it; the file is damaged or hostile");
}
