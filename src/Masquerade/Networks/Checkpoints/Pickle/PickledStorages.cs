using System.Globalization;

namespace Masquerade.Networks.Checkpoints.Pickle;

/// <summary>
/// The storages that a PyTorch pickle refers to by the tuple ('storage', class, key, device, elements[, view]); their data lies elsewhere
/// in the file.
/// </summary>
internal sealed class PickledStorages(CheckpointSource source)
{
    private readonly Dictionary<string, CheckpointStorage> _byKey = [];
    private long _bytes;

    /// <summary>All storages, by key.</summary>
    public IReadOnlyDictionary<string, CheckpointStorage> ByKey => _byKey;

    /// <summary>Stands for what a persistent id refers to.</summary>
    public object Find(object? id)
    {
        if (id is not object?[] { Length: 5 or 6 } parts
            || parts is not ["storage", PickleGlobal { Storage: { } type }, var name, string, long count, ..]
            || parts is [_, _, _, _, _, not null]
            || (name as string ?? (name as long?)?.ToString(CultureInfo.InvariantCulture)) is not { } key)
            throw Odd();
        if (_byKey.TryGetValue(key, out var known))
            return known.Type == type && known.Count == count ? known : throw source.Fail("one storage is given two types or sizes");
        var size = TensorLayout.SizeOf(type);
        // Storages lie in the file as they are, each once: together they cannot be larger than it.
        if (count < 0 || count > (source.Length - _bytes) / size)
            throw source.Fail($"a storage claims {count} elements of {size} bytes, more than the file's {source.Length} bytes hold");
        _bytes += count * size;
        return _byKey[key] = new CheckpointStorage(type, count);
    }

    private InputException Odd() => source.Fail("it refers to an object outside itself that is not a storage of numbers; nothing was run. "
        + "Save only the weights (a state dict) with a recent PyTorch, or use safetensors");
}
