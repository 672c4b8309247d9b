using System.Net.Http.Headers;
using System.Text.Json;

namespace Masquerade.Evaluation.Assets.Downloads;

/// <summary>
/// The beginning of a file, which is kept from one attempt to the next: <c>FILE.part</c>, and in <c>FILE.part.json</c> what its server
/// calls this version of the file.
/// </summary>
internal sealed class PartialFile
{
    private const string Ending = ".part";
    private const int MostTagBytes = 64 << 10;

    private readonly Func<string, Stream> _open;
    private Tag? _tag;

    /// <param name="target">Path of the whole file.</param>
    /// <param name="open">Opens the file that grows.</param>
    public PartialFile(string target, Func<string, Stream> open)
    {
        _open = open;
        Path = target + Ending;
        Length = new FileInfo(Path) is { Exists: true } file ? file.Length : 0;
        if (Length > 0) _tag = ReadTag();
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Its bytes so far.</summary>
    public long Length { get; private set; }

    private string TagPath => Path + ".json";

    /// <summary>Asks for the rest of this very version, where there is a beginning.</summary>
    /// <param name="headers">Of the request.</param>
    /// <param name="url">Where; what another server called its version means nothing there.</param>
    public void AskForRest(HttpRequestHeaders headers, string url)
    {
        if (Length == 0) return;
        headers.Range = new RangeHeaderValue(Length, null);
        if (_tag is not { } tag || tag.Url != url) return;
        if (EntityTagHeaderValue.TryParse(tag.ETag, out var etag)) headers.IfRange = new RangeConditionHeaderValue(etag);
        else if (tag.LastModified is { } date) headers.IfRange = new RangeConditionHeaderValue(date);
    }

    /// <summary>Whether an answer can only be the rest of another version.</summary>
    public bool Contradicts(HttpResponseMessage response, string url) => _tag is { ETag: not null } tag && tag.Url == url
        && response.Headers.ETag is { IsWeak: false } etag && etag.ToString() != tag.ETag;

    /// <summary>Begins anew with the version that a server now sends.</summary>
    public void Begin(HttpResponseMessage response, string url)
    {
        Clear();
        // A weak tag promises no equal bytes.
        var etag = response.Headers.ETag is { IsWeak: false } strong ? strong.ToString() : null;
        _tag = new Tag(url, etag, response.Content.Headers.LastModified);
        OutputFile.Write(TagPath, JsonSerializer.SerializeToUtf8Bytes(_tag));
    }

    /// <summary>Forgets what there is.</summary>
    /// <exception cref="InputException">It cannot be removed.</exception>
    public void Clear()
    {
        AssetStore.Writing(Path, () =>
        {
            File.Delete(Path);
            File.Delete(TagPath);
            return 0;
        });
        (Length, _tag) = (0, null);
    }

    /// <summary>Opens the file at its end.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public Stream Open() => AssetStore.Writing(Path, () =>
    {
        var stream = _open(Path);
        stream.Position = Length;
        return stream;
    });

    /// <summary>Adds bytes at its end.</summary>
    /// <exception cref="InputException">They cannot be written: the disk is full, say. What is there stays.</exception>
    public void Append(Stream stream, ReadOnlySpan<byte> bytes, long total)
    {
        try
        {
            stream.Write(bytes);
            Length += bytes.Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(FormattableString.Invariant($"{Path}: cannot be written after {Length:N0} of {total:N0} bytes ")
                + $"({InputFile.OneLine(e.Message)}); free space and start the same command again: it goes on from there", e);
        }
    }

    /// <summary>Moves it to another name; none of it is left.</summary>
    public void MoveTo(string path)
    {
        AssetStore.Writing(path, () =>
        {
            File.Move(Path, path, overwrite: true);
            return 0;
        });
        Clear();
    }

    private Tag? ReadTag()
    {
        try
        {
            return File.Exists(TagPath) ? JsonSerializer.Deserialize<Tag>(InputFile.ReadBytes(TagPath, MostTagBytes)) : null;
        }
        catch (Exception e) when (e is JsonException or InputException)
        {
            return null;
        }
    }

    private sealed record Tag(string Url, string? ETag, DateTimeOffset? LastModified);
}
