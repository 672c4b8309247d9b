using System.Text.Json;
using static TorchSharp.torch;

namespace Masquerade.Networks.Checkpoints;

/// <summary>
/// Safetensors: the length of a JSON header, the header (name → dtype, shape, data_offsets), then the elements, little-endian, in one piece
/// without holes or overlaps.
/// </summary>
internal static class SafetensorsFormat
{
    private const long MaxHeader = 100_000_000; // the format's own limit

    private sealed record Entry(string Name, ScalarType Type, long[] Shape, long Begin, long End);

    public static Dictionary<string, CheckpointTensor> Read(BoundedReader reader)
    {
        var source = reader.Source;
        var length = reader.ReadInt64();
        if (length < 0 || length > Math.Min(reader.Remaining, MaxHeader))
            throw source.Fail($"its safetensors header claims {length} bytes, {reader.Remaining} are left; fetch it again");
        var entries = Header(source, reader.ReadBytes(length)).OrderBy(entry => entry.Begin).ThenBy(entry => entry.End).ToList();
        var end = 0L;
        foreach (var entry in entries)
        {
            if (entry.Begin != end || entry.End < entry.Begin) throw source.Fail("its tensors overlap or leave holes; export it again");
            end = entry.End;
        }
        if (end != reader.Remaining)
            throw source.Fail($"its tensors take {end} bytes, {reader.Remaining} are there; it is cut short or damaged: fetch it again");
        return entries.ToDictionary(entry => entry.Name,
            entry => new CheckpointTensor(entry.Type, entry.Shape, reader.ReadBytes(entry.End - entry.Begin)));
    }

    private static List<Entry> Header(CheckpointSource source, byte[] json)
    {
        var options = new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 };
        try
        {
            using var document = JsonDocument.Parse(json, options);
            return
            [
                .. document.RootElement.EnumerateObject()
                    .Where(property => property.Name != "__metadata__")
                    .Select(property => Parse(source, property.Name, property.Value)),
            ];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            // The last three: a value of another kind than asked for, a number out of range, a missing field.
            throw new InputException(source.Fail($"its safetensors header is wrong ({FirstLine(e.Message)}); export it again").Message, e);
        }
    }

    private static Entry Parse(CheckpointSource source, string name, JsonElement value)
    {
        var type = value.GetProperty("dtype").GetString() switch
        {
            "F64" => ScalarType.Float64,
            "F32" => ScalarType.Float32,
            "F16" => ScalarType.Float16,
            "BF16" => ScalarType.BFloat16,
            "I64" => ScalarType.Int64,
            "I32" => ScalarType.Int32,
            "I16" => ScalarType.Int16,
            "I8" => ScalarType.Int8,
            "U8" => ScalarType.Byte,
            "BOOL" => ScalarType.Bool,
            var other => throw source.Fail($"the element type {CheckpointSource.Quote(other ?? "null")} is not read"),
        };
        long[] shape = [.. value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        long[] offsets = [.. value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        var bytes = TensorLayout.Count(source, shape) * TensorLayout.SizeOf(type);
        if (offsets is not [var begin, var end] || begin < 0 || end - begin != bytes)
            throw source.Fail($"the offsets of {CheckpointSource.Quote(name)} do not give the {bytes} bytes of its shape; export it again");
        return new Entry(name, type, shape, begin, end);
    }

    private static string FirstLine(string text) => CheckpointSource.Quote(text.Split('\n')[0].TrimEnd());
}
