using static TorchSharp.torch;

namespace Masquerade.Networks.Checkpoints;

/// <summary>A block of elements that tensors are views of. Its data may be read after the views are known.</summary>
internal sealed class CheckpointStorage(ScalarType type, long count)
{
    public ScalarType Type => type;

    /// <summary>Elements.</summary>
    public long Count => count;

    /// <summary>Little-endian, without gaps; null until it is read.</summary>
    public byte[]? Data { get; set; }
}

/// <summary>
/// A view of a storage: element (i, j, …) is at Offset + i·Strides[0] + j·Strides[1] + …. Made only if every element lies inside.
/// </summary>
internal sealed class TensorLayout
{
    private const int MaxRank = 64;
    private readonly CheckpointStorage _storage;
    private readonly long _offset;
    private readonly long[] _shape;
    private readonly long[] _strides;

    private TensorLayout(CheckpointStorage storage, long offset, long[] shape, long[] strides)
        => (_storage, _offset, _shape, _strides) = (storage, offset, shape, strides);

    /// <summary>Bytes of one element.</summary>
    public static int SizeOf(ScalarType type) => type switch
    {
        ScalarType.Float64 or ScalarType.Int64 => 8,
        ScalarType.Float32 or ScalarType.Int32 => 4,
        ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Int16 => 2,
        _ => 1,
    };

    /// <summary>Elements of a shape; refuses shapes that no array in memory can have.</summary>
    public static long Count(CheckpointSource source, ReadOnlySpan<long> shape)
    {
        if (shape.Length > MaxRank) throw source.Fail($"a tensor has {shape.Length} dimensions; at most {MaxRank} are read");
        long count = 1, bound = 1;
        foreach (var size in shape)
        {
            // The bound leaves zeros out: no product of the other dimensions can overflow, here or in libtorch.
            if (size < 0 || size > Array.MaxLength || (bound *= Math.Max(size, 1)) > Array.MaxLength)
                throw source.Fail($"a tensor of shape [{string.Join(", ", shape.ToArray())}] is impossible or too large");
            count *= size;
        }
        return count;
    }

    /// <summary>A view with any strides.</summary>
    public static TensorLayout Create(CheckpointSource source, CheckpointStorage storage, long offset, long[] shape, long[] strides)
    {
        var count = Count(source, shape);
        if (strides.Length != shape.Length || offset < 0 || strides.Any(stride => stride < 0))
            throw source.Fail("a tensor has negative or missing strides, or a negative offset");
        Int128 last = offset;
        for (var d = 0; d < shape.Length; d++) last += (Int128)(shape[d] - 1) * strides[d];
        if (count > 0 && last >= storage.Count)
            throw source.Fail($"a tensor reaches element {last} of a storage of {storage.Count}; the file is damaged or hostile");
        if (count * SizeOf(storage.Type) > Array.MaxLength)
            throw source.Fail($"a tensor of shape [{string.Join(", ", shape)}] is larger than the 2 GiB that can be read");
        return new TensorLayout(storage, offset, shape, strides);
    }

    /// <summary>The whole of a storage, the last dimension running fastest, or the first if <paramref name="fortran"/>.</summary>
    public static TensorLayout Whole(CheckpointSource source, CheckpointStorage storage, long[] shape, bool fortran = false)
    {
        if (Count(source, shape) != storage.Count)
            throw source.Fail($"an array of shape [{string.Join(", ", shape)}] comes with {storage.Count} elements");
        var strides = RowMajor(fortran ? [.. shape.Reverse()] : shape);
        return new TensorLayout(storage, 0, shape, fortran ? [.. strides.Reverse()] : strides);
    }

    /// <summary>The view as a tensor of its own: a window on the storage where that is possible, else a copy.</summary>
    public CheckpointTensor Resolve(CheckpointSource source)
    {
        var size = SizeOf(_storage.Type);
        var count = Count(source, _shape);
        var data = count == 0 ? [] : _storage.Data ?? throw source.Fail("the data of a tensor is missing; fetch it again");
        if (count == 0 || IsContiguous())
            return new CheckpointTensor(_storage.Type, _shape, data.AsMemory((int)(count == 0 ? 0 : _offset * size), (int)(count * size)));
        source.Charge(count * size);
        return new CheckpointTensor(_storage.Type, _shape, Gather(data, size, new byte[count * size]));
    }

    private static long[] RowMajor(ReadOnlySpan<long> shape)
    {
        var strides = new long[shape.Length];
        var stride = 1L;
        for (var d = shape.Length - 1; d >= 0; d--)
        {
            strides[d] = stride;
            stride *= Math.Max(shape[d], 1);
        }
        return strides;
    }

    private bool IsContiguous()
    {
        var expected = RowMajor(_shape);
        return Enumerable.Range(0, _shape.Length).All(d => _shape[d] == 1 || _strides[d] == expected[d]);
    }

    private byte[] Gather(byte[] from, int size, byte[] to)
    {
        var index = new long[_shape.Length];
        var element = _offset;
        for (var written = 0; written < to.Length; written += size)
        {
            from.AsSpan((int)(element * size), size).CopyTo(to.AsSpan(written));
            for (var d = _shape.Length - 1; d >= 0; d--)
            {
                element += _strides[d];
                if (++index[d] < _shape[d]) break;
                element -= _shape[d] * _strides[d];
                index[d] = 0;
            }
        }
        return to;
    }
}
