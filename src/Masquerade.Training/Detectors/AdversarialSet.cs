using System.Runtime.InteropServices;
using System.Text.Json;
using Masquerade.Imaging;
using Microsoft.Win32.SafeHandles;

namespace Masquerade.Training.Detectors;

/// <summary>
/// Clean faces and adversarial images of them, of 8 bits, in files: memory does not grow with their number, and what was made stays when
/// the work is interrupted. Attacks come and go: what is there of one is not made again.
/// </summary>
internal sealed class AdversarialSet : IDisposable
{
    /// <summary>Name of the clean images.</summary>
    public const string Clean = "clean";

    private const int RowSize = sizeof(int) + sizeof(float);

    private readonly string _progress;
    private readonly Dictionary<string, (SafeFileHandle Images, SafeFileHandle Rows)> _files = new(StringComparer.Ordinal);
    private readonly State _state;

    /// <param name="folder">Where the files are.</param>
    /// <param name="part">Whose images they are, as <c>training</c>; a part of the files' names.</param>
    /// <param name="size">Size of every image.</param>
    /// <param name="attacks">Names of the attacks.</param>
    /// <exception cref="InputException">The files cannot be written, or are not what was made before.</exception>
    public AdversarialSet(string folder, string part, ImageSize size, IReadOnlyList<string> attacks)
    {
        (Size, Attacks, _progress) = (size, attacks, Path.Combine(folder, $"{part}.json"));
        _state = File.Exists(_progress) ? Read() : new State(0, []);
        try
        {
            foreach (var source in attacks.Prepend(Clean))
            {
                var name = Path.Combine(folder, $"{part}.{source.Replace('/', '-')}");
                _files.Add(source, (Open($"{name}.u8"), Open($"{name}.rows")));
                if (!_state.Sources.ContainsKey(source)) _state.Sources[source] = new Source(0, 0);
                if (RandomAccess.GetLength(_files[source].Images) < (long)Count(source) * size.Values
                    || RandomAccess.GetLength(_files[source].Rows) < (long)Count(source) * RowSize)
                    throw new InputException($"{name}.u8: is shorter than what was written; delete {folder} and begin anew");
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        static SafeFileHandle Open(string path) => InputFileHandle(path);
    }

    /// <summary>Size of every image.</summary>
    public ImageSize Size { get; }

    /// <summary>The attacks that images are of.</summary>
    public IReadOnlyList<string> Attacks { get; }

    /// <summary>Faces whose photographs could not be used.</summary>
    public int Skipped => _state.Skipped;

    /// <summary>Faces that were asked for, or attacked.</summary>
    /// <param name="source"><see cref="Clean"/> or an attack.</param>
    public int Done(string source) => _state.Sources[source].Done;

    /// <summary>Images from a source.</summary>
    public int Count(string source) => _state.Sources[source].Count;

    /// <summary>Adds a clean face; it counts once <see cref="Commit"/> was called.</summary>
    /// <param name="image">It, planar, in [0,1].</param>
    /// <param name="place">Its place among the faces that were asked for; they come in order.</param>
    /// <returns>Which one it is.</returns>
    public int AddFace(ReadOnlySpan<float> image, int place)
    {
        Add(Clean, image, new Row(place, 0));
        return Count(Clean) - 1;
    }

    /// <summary>Which clean face was added for a place.</summary>
    /// <exception cref="InputException">None was: its photograph could not be used then.</exception>
    public int FaceAt(int place)
    {
        var (low, high) = (0, Count(Clean));
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (RowOf(Clean, middle).Face < place) low = middle + 1;
            else high = middle;
        }
        return low < Count(Clean) && RowOf(Clean, low).Face == place ? low
            : throw new InputException($"{_progress}: was made of other photographs; delete its folder and begin anew");
    }

    /// <summary>Adds an adversarial image; it counts once <see cref="Commit"/> was called.</summary>
    /// <param name="attack">The attack.</param>
    /// <param name="face">The clean face that it was made of.</param>
    /// <param name="image">It, planar, in [0,1].</param>
    /// <param name="norm">L2 norm of its perturbation.</param>
    public void Add(string attack, int face, ReadOnlySpan<float> image, double norm) => Add(attack, image, new Row(face, (float)norm));

    private void Add(string source, ReadOnlySpan<float> image, Row row)
    {
        var bytes = new byte[image.Length];
        for (var i = 0; i < bytes.Length; i++) bytes[i] = (byte)MathF.Round(image[i] * 255);
        var (images, rows) = _files[source];
        Write(images, bytes, (long)Count(source) * Size.Values);
        Write(rows, MemoryMarshal.AsBytes((ReadOnlySpan<Row>)[row]), (long)Count(source) * RowSize);
        _state.Sources[source] = _state.Sources[source] with { Count = Count(source) + 1 };
    }

    /// <summary>Makes what was added lasting.</summary>
    /// <param name="done">Faces that are done by now.</param>
    /// <param name="sources">Where they are done.</param>
    /// <param name="skipped">How many more could not be used.</param>
    public void Commit(int done, IEnumerable<string> sources, int skipped)
    {
        foreach (var (images, rows) in _files.Values)
        {
            RandomAccess.FlushToDisk(images);
            RandomAccess.FlushToDisk(rows);
        }
        foreach (var source in sources) _state.Sources[source] = _state.Sources[source] with { Done = done };
        _state.Skipped += skipped;
        OutputFile.Write(_progress, JsonSerializer.SerializeToUtf8Bytes(_state));
    }

    /// <summary>Reads an image.</summary>
    /// <param name="source">Where it is from.</param>
    /// <param name="at">Which one.</param>
    /// <param name="planar">Receives it in [0,1].</param>
    public void Read(string source, int at, Span<float> planar)
    {
        var bytes = new byte[Size.Values];
        ReadExactly(_files[source].Images, bytes, (long)at * Size.Values);
        for (var i = 0; i < bytes.Length; i++) planar[i] = bytes[i] / 255f;
    }

    /// <summary>The L2 norm of an image's perturbation.</summary>
    public float Norm(string attack, int at) => RowOf(attack, at).Norm;

    /// <summary>Which clean face an image was made of.</summary>
    public int Face(string attack, int at) => RowOf(attack, at).Face is var face and >= 0 && face < Count(Clean) ? face
        : throw new InputException($"{_progress}: a file beside it is damaged; delete its folder and begin anew");

    /// <summary>Images as a tensor's values.</summary>
    /// <returns>count × 3 × H × W values.</returns>
    public float[] Read(string source, int from, int count)
    {
        var values = new float[count * Size.Values];
        for (var i = 0; i < count; i++) Read(source, from + i, values.AsSpan(i * Size.Values, Size.Values));
        return values;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (images, rows) in _files.Values)
        {
            images.Dispose();
            rows.Dispose();
        }
    }

    private Row RowOf(string source, int at)
    {
        Span<Row> row = stackalloc Row[1];
        ReadExactly(_files[source].Rows, MemoryMarshal.AsBytes(row), (long)at * RowSize);
        return row[0];
    }

    private State Read()
    {
        try
        {
            var state = JsonSerializer.Deserialize<State>(InputFile.ReadBytes(_progress, 1 << 20));
            return state is { Skipped: >= 0, Sources: { } sources } && sources.Values.All(s => s is { Done: >= 0, Count: >= 0 }) ? state
                : throw new JsonException("a number in it is not possible");
        }
        catch (JsonException e)
        {
            throw new InputException($"{_progress}: is damaged ({InputFile.OneLine(e.Message)}); delete its folder and begin anew", e);
        }
    }

    private static SafeFileHandle InputFileHandle(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, FileOptions.RandomAccess);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be written ({InputFile.OneLine(e.Message)}); choose another place", e);
        }
    }

    private static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long at)
    {
        try
        {
            RandomAccess.Write(file, bytes, at);
        }
        catch (IOException e)
        {
            throw new InputException($"adversarial images cannot be written ({InputFile.OneLine(e.Message)}); free space and go on with the same command", e);
        }
    }

    private static void ReadExactly(SafeFileHandle file, Span<byte> bytes, long at)
    {
        for (var done = 0; done < bytes.Length;)
        {
            var read = RandomAccess.Read(file, bytes[done..], at + done);
            if (read == 0) throw new InputException("a file of adversarial images is shorter than before; delete its folder and begin anew");
            done += read;
        }
    }

    /// <summary>What is kept beside an image.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Row(int Face, float Norm);

    private sealed record State(int Skipped, Dictionary<string, Source> Sources)
    {
        public int Skipped { get; set; } = Skipped;
    }

    /// <summary>How far a source is: the faces that are done, and the images that came of them.</summary>
    private sealed record Source(int Done, int Count);
}
