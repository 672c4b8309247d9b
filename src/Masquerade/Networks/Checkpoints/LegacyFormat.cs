using System.Numerics;
using Masquerade.Networks.Checkpoints.Pickle;

namespace Masquerade.Networks.Checkpoints;

/// <summary>
/// PyTorch's first format (torch.save before 1.6): pickles of a magic number, a protocol version, facts about the machine, the object and
/// the keys of its storages; then for each key an element count and the elements.
/// </summary>
internal static class LegacyFormat
{
    private const long ProtocolVersion = 1001;
    private static readonly BigInteger MagicNumber = BigInteger.Parse("1950a86a20f9469cfc6c", System.Globalization.NumberStyles.HexNumber);

    public static object? Read(BoundedReader reader)
    {
        var source = reader.Source;
        if (PickleReader.Read(reader) is not BigInteger magic || magic != MagicNumber)
            throw source.Fail("it is a pickle, but not a PyTorch checkpoint; save the weights with torch.save(model.state_dict(), …)");
        if (PickleReader.Read(reader) is not ProtocolVersion)
            throw source.Fail($"its PyTorch protocol version is not {ProtocolVersion}; save it again with a recent PyTorch");
        // Facts about the machine that wrote it. Its byte order does not matter: PyTorch always writes this format little-endian.
        PickleReader.Read(reader);
        var storages = new PickledStorages(source);
        var value = PickleReader.Read(reader, storages.Find);
        if (PickleReader.Read(reader) is not List<object?> keys) throw source.Fail("the list of its storages is missing; fetch it again");
        foreach (var key in keys)
        {
            if (key is not string name || !storages.ByKey.TryGetValue(name, out var storage) || storage.Data is not null)
                throw source.Fail("its list of storages does not match its tensors; fetch it again");
            var count = reader.ReadInt64();
            if (count != storage.Count)
                throw source.Fail($"a storage has {count} elements where {storage.Count} are announced; fetch it again");
            storage.Data = reader.ReadBytes(count * TensorLayout.SizeOf(storage.Type));
        }
        return value;
    }
}
