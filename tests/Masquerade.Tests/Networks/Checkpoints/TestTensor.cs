using System.Buffers.Binary;
using CsCheck;
using static TorchSharp.torch;

namespace Masquerade.Tests.Networks.Checkpoints;

/// <summary>A view of a block of random bytes, and its elements picked out one by one.</summary>
internal sealed record TestTensor(ScalarType Type, long[] Shape, long[] Strides, long Offset, byte[] Storage)
{
    public static readonly (ScalarType Type, int Size, string Class, string Safe)[] Types =
    [
        (ScalarType.Float64, 8, "DoubleStorage", "F64"), (ScalarType.Float32, 4, "FloatStorage", "F32"),
        (ScalarType.Float16, 2, "HalfStorage", "F16"), (ScalarType.BFloat16, 2, "BFloat16Storage", "BF16"),
        (ScalarType.Int64, 8, "LongStorage", "I64"), (ScalarType.Int32, 4, "IntStorage", "I32"),
        (ScalarType.Int16, 2, "ShortStorage", "I16"), (ScalarType.Int8, 1, "CharStorage", "I8"), (ScalarType.Byte, 1, "ByteStorage", "U8"),
        (ScalarType.Bool, 1, "BoolStorage", "BOOL"),
    ];

    /// <summary>Any type, up to four dimensions, each possibly empty, permuted, sliced, repeated by a stride of 0, off the start.</summary>
    public static readonly Gen<TestTensor> Any =
        from type in Gen.Int[0, Types.Length - 1]
        from shape in Gen.Long[0, 4].Array[0, 4]
        from order in Gen.Shuffle(Enumerable.Range(0, shape.Length).ToArray())
        from step in Gen.Long[1, 3]
        from repeat in Gen.Int[0, 9]
        from offset in Gen.Long[0, 5]
        from spare in Gen.Long[0, 3]
        from seed in Gen.Int
        select Make(Types[type].Type, shape, order, step, repeat, offset, spare, seed);

    public int Size => Types.Single(t => t.Type == Type).Size;

    public string StorageClass => Types.Single(t => t.Type == Type).Class;

    public long StorageCount => Storage.Length / Size;

    /// <summary>A tensor that fills its storage in order.</summary>
    public static TestTensor Of(ScalarType type, byte[] data, params long[] shape) => new(type, shape, RowMajor(shape), 0, data);

    /// <summary>A float32 tensor that fills its storage in order.</summary>
    public static TestTensor Floats(long[] shape, params ReadOnlySpan<float> values)
        => Of(ScalarType.Float32, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values).ToArray(), shape);

    /// <summary>The elements, row-major, found by arithmetic on their indices.</summary>
    public byte[] Elements()
    {
        var count = Shape.Aggregate(1L, (product, size) => product * size);
        if (Offset == 0 && count == StorageCount && Strides.SequenceEqual(RowMajor(Shape))) return Storage;
        var bytes = new List<byte>();
        for (var flat = 0L; flat < count; flat++)
        {
            long rest = flat, at = Offset;
            for (var d = Shape.Length - 1; d >= 0; d--)
            {
                at += rest % Shape[d] * Strides[d];
                rest /= Shape[d];
            }
            bytes.AddRange(Storage.AsSpan((int)at * Size, Size));
        }
        return [.. bytes];
    }

    /// <summary>The same with the storage's bytes in the other order.</summary>
    public byte[] BigEndianStorage() => [.. Storage.Chunk(Size).SelectMany(element => element.Reverse())];

    private static TestTensor Make(ScalarType type, long[] shape, int[] order, long step, int repeat, long offset, long spare, int seed)
    {
        var strides = new long[shape.Length];
        var next = step;
        foreach (var d in order)
        {
            strides[d] = d == repeat ? 0 : next;
            next *= Math.Max(shape[d], 1);
        }
        var size = Types.Single(t => t.Type == type).Size;
        var last = offset + Enumerable.Range(0, shape.Length).Sum(d => Math.Max(shape[d] - 1, 0) * strides[d]);
        var bytes = new byte[(last + 1 + spare) * size];
        new Random(seed).NextBytes(bytes);
        return new TestTensor(type, shape, strides, offset, bytes);
    }

    private static long[] RowMajor(long[] shape)
        => [.. Enumerable.Range(0, shape.Length).Select(d => shape.Skip(d + 1).Aggregate(1L, (product, size) => product * size))];
}
