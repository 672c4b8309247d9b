using System.Buffers.Binary;
using System.Text;
using Masquerade.Networks.Checkpoints.Pickle;

namespace Masquerade.Tests.Networks.Checkpoints;

/// <summary>Writes pickles one instruction at a time, honest or not.</summary>
internal sealed class Pickler
{
    private readonly MemoryStream _bytes = new();

    public byte[] ToArray() => _bytes.ToArray();

    public Pickler Raw(params ReadOnlySpan<byte> bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    public Pickler Op(PickleOpcode opcode) => Raw((byte)opcode);

    public Pickler Proto(byte version = 2) => Raw((byte)PickleOpcode.Proto, version);

    public Pickler Mark() => Op(PickleOpcode.Mark);

    public byte[] Stop() => Op(PickleOpcode.Stop).ToArray();

    public Pickler Line(PickleOpcode opcode, params string[] lines)
        => Op(opcode).Raw(Encoding.Latin1.GetBytes(string.Concat(lines.Select(line => line + "\n"))));

    public Pickler Global(string module, string name) => Line(PickleOpcode.Global, module, name);

    public Pickler Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Op(PickleOpcode.BinUnicode).Int32(bytes.Length).Raw(bytes);
    }

    public Pickler Int(long value)
    {
        if (value is >= 0 and < 256) return Raw((byte)PickleOpcode.BinInt1, (byte)value);
        if (value is >= int.MinValue and <= int.MaxValue) return Op(PickleOpcode.BinInt).Int32((int)value);
        return Raw((byte)PickleOpcode.Long1, 8).Int64(value);
    }

    public Pickler Int32(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return Raw(bytes);
    }

    public Pickler Int64(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Raw(bytes);
    }

    public Pickler Ints(IEnumerable<long> values)
    {
        Mark();
        foreach (var value in values) Int(value);
        return Op(PickleOpcode.Tuple);
    }

    /// <summary>A call without arguments.</summary>
    public Pickler Call(string module, string name) => Global(module, name).Op(PickleOpcode.EmptyTuple).Op(PickleOpcode.Reduce);

    /// <summary>What PyTorch writes for a tensor.</summary>
    public Pickler Tensor(TestTensor tensor, string storage) => Global("torch._utils", "_rebuild_tensor_v2").Mark()
        .Storage(storage, tensor.StorageClass, tensor.StorageCount)
        .Int(tensor.Offset).Ints(tensor.Shape).Ints(tensor.Strides)
        .Op(PickleOpcode.NewFalse).Call("collections", "OrderedDict")
        .Op(PickleOpcode.Tuple).Op(PickleOpcode.Reduce);

    /// <summary>A reference to a storage, as in the zip form (five parts) or the legacy one (six).</summary>
    public Pickler Storage(string key, string storageClass, long count, bool legacy = false)
    {
        Mark().Text("storage").Global("torch", storageClass).Text(key).Text("cpu").Int(count);
        if (legacy) Op(PickleOpcode.None);
        return Op(PickleOpcode.Tuple).Op(PickleOpcode.BinPersId);
    }
}
