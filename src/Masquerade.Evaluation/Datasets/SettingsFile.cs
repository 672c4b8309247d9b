using System.Text.Json;
using System.Text.Json.Serialization;

namespace Masquerade.Evaluation.Datasets;

/// <summary>A small JSON file that says what a folder was made with, and marks it as one to go on with.</summary>
internal static class SettingsFile
{
    private const int MaxBytes = 1 << 16;

    private static readonly JsonSerializerOptions Layout = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Writes the file into a folder that is there.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public static void Write<T>(string path, T settings) =>
        OutputFile.Write(path, [.. JsonSerializer.SerializeToUtf8Bytes(settings, Layout), (byte)'\n']);

    /// <summary>Reads a file that was written so.</summary>
    /// <exception cref="InputException">It is something else.</exception>
    public static T Read<T>(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(InputFile.ReadBytes(path, MaxBytes), Layout) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: is not what was written there; name a new folder", e);
        }
    }
}
