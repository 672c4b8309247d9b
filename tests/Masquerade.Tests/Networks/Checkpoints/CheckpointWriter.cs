using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Masquerade.Networks.Checkpoints.Pickle;

namespace Masquerade.Tests.Networks.Checkpoints;

/// <summary>Writes checkpoints as PyTorch and safetensors do, small ones.</summary>
internal static class CheckpointWriter
{
    private static readonly byte[] Magic =
        new Pickler().Proto().Raw(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19).Stop();

    public static byte[] Legacy(IReadOnlyList<(string Name, TestTensor Tensor)> tensors, bool littleEndian = true) => Legacy(
        Dictionary(tensors), [.. tensors.Select((item, i) => ($"{i}", item.Tensor.StorageCount, item.Tensor.Storage))], littleEndian);

    /// <summary>The legacy form around any object and any storages.</summary>
    public static byte[] Legacy(byte[] pickle, (string Key, long Count, byte[] Data)[] storages, bool littleEndian = true)
    {
        var system = new Pickler().Proto().Op(PickleOpcode.EmptyDict).Text("little_endian")
            .Op(littleEndian ? PickleOpcode.NewTrue : PickleOpcode.NewFalse).Op(PickleOpcode.SetItem).Stop();
        var keys = new Pickler().Proto().Op(PickleOpcode.EmptyList).Mark();
        foreach (var (key, _, _) in storages) keys.Text(key);
        var data = new Pickler();
        foreach (var (_, count, bytes) in storages) data.Int64(count).Raw(bytes);
        return
        [
            .. Magic, .. new Pickler().Proto().Op(PickleOpcode.BinInt2).Raw(0xe9, 0x03).Stop(), .. system, .. pickle,
            .. keys.Op(PickleOpcode.Appends).Stop(), .. data.ToArray(),
        ];
    }

    public static byte[] Zip(IReadOnlyList<(string Name, TestTensor Tensor)> tensors, string? byteOrder = "little") => Zip(
    [
        ("archive/data.pkl", Dictionary(tensors)),
        .. byteOrder is null ? Array.Empty<(string, byte[])>() : [("archive/byteorder", Encoding.ASCII.GetBytes(byteOrder))],
        .. tensors.Select((item, i) => ($"archive/data/{i}", byteOrder == "big" ? item.Tensor.BigEndianStorage() : item.Tensor.Storage)),
        ("archive/version", "3\n"u8.ToArray()),
    ]);

    /// <summary>An archive of any entries.</summary>
    public static byte[] Zip((string Name, byte[] Content)[] entries, CompressionLevel level = CompressionLevel.NoCompression)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using var entry = archive.CreateEntry(name, level).Open();
                entry.Write(content);
            }
        }
        return stream.ToArray();
    }

    public static byte[] Safetensors(IReadOnlyList<(string Name, TestTensor Tensor)> tensors)
    {
        var header = new Dictionary<string, object> { ["__metadata__"] = new Dictionary<string, string> { ["format"] = "pt" } };
        using var data = new MemoryStream();
        foreach (var (name, tensor) in tensors)
        {
            var begin = data.Length;
            data.Write(tensor.Elements());
            var type = TestTensor.Types.Single(t => t.Type == tensor.Type).Safe;
            header[name] = new { dtype = type, shape = tensor.Shape, data_offsets = new[] { begin, data.Length } };
        }
        return Safetensors(JsonSerializer.Serialize(header), data.ToArray());
    }

    /// <summary>Any header and data.</summary>
    public static byte[] Safetensors(string header, byte[] data)
    {
        var bytes = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes.Length);
        return [.. length, .. bytes, .. data];
    }

    /// <summary>A .npy file of version 1 around any header and data.</summary>
    public static byte[] Npy(string header, byte[] data)
    {
        var text = Encoding.Latin1.GetBytes(header.PadRight(117) + "\n");
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8), .. text, .. data];
    }

    /// <summary>An ordered dictionary of tensors with the attribute that PyTorch adds to state dicts.</summary>
    public static byte[] Dictionary(IReadOnlyList<(string Name, TestTensor Tensor)> tensors)
    {
        var pickle = new Pickler().Proto().Call("collections", "OrderedDict").Mark();
        for (var i = 0; i < tensors.Count; i++) pickle.Text(tensors[i].Name).Tensor(tensors[i].Tensor, $"{i}");
        return pickle.Op(PickleOpcode.SetItems)
            .Op(PickleOpcode.EmptyDict).Text("_metadata").Call("collections", "OrderedDict").Op(PickleOpcode.SetItem).Op(PickleOpcode.Build)
            .Stop();
    }
}
