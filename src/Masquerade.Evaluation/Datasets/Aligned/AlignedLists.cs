using System.Globalization;
using System.Text;
using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets.People;

namespace Masquerade.Evaluation.Datasets.Aligned;

/// <summary>A face that was cut out.</summary>
/// <param name="Crop">The crop's file.</param>
/// <param name="Where">Where it was; null for the middle of a photograph without a face.</param>
/// <param name="Probability">How sure the detector is; null where it was not asked.</param>
internal sealed record AlignedFace(string Crop, LocatedFace? Where, double? Probability);

/// <summary>What became of a photograph.</summary>
/// <param name="Photograph">Its name.</param>
/// <param name="Faces">Its faces; none where it is left out.</param>
/// <param name="Reason">Why it is left out; null otherwise.</param>
internal sealed record AlignedPhotograph(string Photograph, IReadOnlyList<AlignedFace> Faces, string? Reason);

/// <summary>
/// The two lists of a folder of crops, <c>faces.csv</c> and <c>left-out.csv</c>, which grow by whole photographs. After an
/// interruption the first says which are done.
/// </summary>
internal sealed class AlignedLists : IDisposable
{
    /// <summary>The list of faces: a table of landmarks, too.</summary>
    public const string FacesName = "faces.csv";

    /// <summary>The list of photographs without a crop.</summary>
    public const string LeftOutName = "left-out.csv";

    // Which of how many faces of its photograph a line is about: the last one says that the photograph is done.
    private const string Face = "face";
    private const string Faces = "faces";

    private const string LeftOutHeader = "image,reason";

    private readonly List _faces;
    private readonly List _leftOut;

    /// <summary>Opens the list of faces of a folder or begins it, and begins that of what is left out; half a line at the end, and some of a photograph's lines without the others, are cut off.</summary>
    /// <exception cref="InputException">A list cannot be read or written, or is another file.</exception>
    public AlignedLists(string folder)
    {
        var header = string.Join(',', ["image", "crop", Face, Faces, .. LandmarkFile.BoxColumns, "probability", .. LandmarkFile.LandmarkColumns]);
        _faces = new List(Path.Combine(folder, FacesName), header);
        try
        {
            _leftOut = new List(Path.Combine(folder, LeftOutName), LeftOutHeader);
            _leftOut.Clear();
        }
        catch
        {
            _faces.Dispose();
            throw;
        }
    }

    /// <summary>Photographs that have crops.</summary>
    public IReadOnlySet<string> Done => _faces.Photographs;

    /// <summary>Adds photographs, in the order given.</summary>
    /// <exception cref="InputException">The disk is full.</exception>
    public void Add(IReadOnlyList<AlignedPhotograph> photographs)
    {
        _faces.Append(photographs.Where(p => p.Reason is null).SelectMany(p => p.Faces.Select((f, i) => Line(p, i, f))));
        _leftOut.Append(photographs.Where(p => p.Reason is not null).Select(p => $"{CsvTable.Quote(p.Photograph)},{CsvTable.Quote(p.Reason!)}"));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _faces.Dispose();
        _leftOut.Dispose();
    }

    private static string Line(AlignedPhotograph photograph, int number, AlignedFace face)
    {
        var box = face.Where?.Box;
        var points = face.Where?.Landmarks.Points;
        var landmarks = Enumerable.Range(0, 10).Select(i => points is null ? (double?)null : i % 2 == 0 ? points[i / 2].X : points[i / 2].Y);
        string[] fields =
        [
            CsvTable.Quote(photograph.Photograph), CsvTable.Quote(face.Crop), Number(number + 1, "F0"), Number(photograph.Faces.Count, "F0"),
            Number(box?.Left, "F3"), Number(box?.Top, "F3"), Number(box?.Right, "F3"), Number(box?.Bottom, "F3"), Number(face.Probability, "F5"),
            .. landmarks.Select(v => Number(v, "F3")),
        ];
        return string.Join(',', fields);

        static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";
    }

    /// <summary>A CSV file that grows, its first column a photograph.</summary>
    private sealed class List : IDisposable
    {
        private const long MaxBytes = 1L << 30;
        private readonly string _path;
        private readonly FileStream _file;
        private readonly int _headerBytes;
        private readonly HashSet<string> _photographs = new(StringComparer.Ordinal);

        public List(string path, string header)
        {
            _path = path;
            _headerBytes = Encoding.UTF8.GetByteCount(header + "\n");
            try
            {
                if (!File.Exists(path)) OutputFile.Write(path, Encoding.UTF8.GetBytes(header + "\n"));
                _file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
                Recover(header);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _file?.Dispose();
                throw Unwritable(e);
            }
            catch
            {
                _file?.Dispose();
                throw;
            }
        }

        public IReadOnlySet<string> Photographs => _photographs;

        /// <summary>Leaves the header only.</summary>
        public void Clear() => _file.SetLength(_headerBytes);

        public void Append(IEnumerable<string> lines)
        {
            var text = Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n")));
            var end = _file.Length;
            try
            {
                _file.Seek(end, SeekOrigin.Begin);
                _file.Write(text);
                _file.Flush();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _file.SetLength(end);
                throw Unwritable(e);
            }
        }

        public void Dispose() => _file.Dispose();

        private void Recover(string header)
        {
            if (_file.Length > MaxBytes) throw new InputException($"{_path}: is larger than any list that was written there; name a new folder");
            var bytes = new byte[_file.Length];
            _file.ReadExactly(bytes);
            var end = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
            var lines = Encoding.UTF8.GetString(bytes, 0, end).Split('\n')[..^1];
            if (lines.Length == 0 || lines[0] != header) throw new InputException($"{_path}: is not what was written there; name a new folder");
            var table = CsvTable.Parse(_path, lines);
            var (face, faces) = table.Has(Face) ? (table.Column(Face), table.Column(Faces)) : (0, 0);
            var (kept, last) = (lines.Length, "");
            foreach (var (line, fields) in table.Rows())
            {
                if (fields[0] != last) kept = line - 1;
                last = fields[0];
                if (fields[face] != fields[faces]) continue;
                _photographs.Add(fields[0]);
                kept = line;
            }
            _file.SetLength(Encoding.UTF8.GetByteCount(string.Concat(lines[..kept].Select(l => l + "\n"))));
        }

        private InputException Unwritable(Exception e) =>
            new($"{_path}: cannot be written ({InputFile.OneLine(e.Message)}); free space or choose another place", e);
    }
}
