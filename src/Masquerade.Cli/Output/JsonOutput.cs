using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Masquerade.Cli.Commands.Options;

namespace Masquerade.Cli.Output;

/// <summary>Results for programs: indented JSON, names in camelCase.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        // For people and programs, never inside a web page: names keep their letters.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Finds out before long work whether the result could be written.</summary>
    /// <exception cref="InputException">It could not.</exception>
    public static void Check(string? target)
    {
        if (target is not null and not CommonOptions.StandardOutput) OutputFile.CheckFolder(target);
    }

    /// <summary>Writes a result to a file, whole or not at all, or to standard output.</summary>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public static void Write<T>(CommandHost host, string target, T result)
    {
        var text = JsonSerializer.Serialize(result, Options) + "\n";
        if (target == CommonOptions.StandardOutput) host.Output.Write(text);
        else OutputFile.Write(target, Encoding.UTF8.GetBytes(text));
    }
}
