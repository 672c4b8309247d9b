using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace Masquerade.Networks.Checkpoints;

/// <summary>Writes tensors as a safetensors file, whole or not at all.</summary>
internal static class SafetensorsWriter
{
    private const int Alignment = 8;

    /// <param name="path">The file; what is there is replaced once the new one is whole.</param>
    /// <param name="tensors">Float32, int64 and byte tensors on the CPU, by name; written in ordinal order.</param>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors)
    {
        var ordered = tensors.OrderBy(t => t.Key, StringComparer.Ordinal).ToArray();
        var header = Header(ordered);
        var bytes = new byte[sizeof(long) + header.Length + ordered.Sum(t => Size(t.Value))];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, header.Length);
        header.CopyTo(bytes, sizeof(long));
        var at = sizeof(long) + header.Length;
        foreach (var (_, tensor) in ordered)
        {
            using var detached = tensor.detach();
            using var whole = detached.contiguous();
            whole.bytes.CopyTo(bytes.AsSpan(at));
            at += (int)Size(tensor);
        }
        OutputFile.Write(path, bytes);
    }

    private static byte[] Header(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            var end = 0L;
            foreach (var (name, tensor) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", tensor.dtype switch
                {
                    ScalarType.Float32 => "F32",
                    ScalarType.Int64 => "I64",
                    ScalarType.Byte => "U8",
                    var other => throw new ArgumentException($"{name}: {other} is not written"),
                });
                WriteArray(json, "shape", tensor.shape);
                WriteArray(json, "data_offsets", [end, end += Size(tensor)]);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // The format pads with spaces, so that what follows lies at a multiple of eight.
        while (stream.Length % Alignment != 0) stream.WriteByte((byte)' ');
        return stream.ToArray();
    }

    private static void WriteArray(Utf8JsonWriter json, string name, long[] values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    private static long Size(Tensor tensor) => tensor.NumberOfElements * tensor.ElementSize;
}
