using System.Collections.Concurrent;
using System.Globalization;
using Masquerade.Imaging;

namespace Masquerade.Alignment;

/// <summary>The faces of many photographs, by file name. Safe to use from several threads at once.</summary>
public sealed class LandmarkTable : IFaceLocator
{
    private readonly Dictionary<string, LocatedFace> _faces;
    private readonly ConcurrentDictionary<LocatedFace, string> _users = new(ReferenceEqualityComparer.Instance);

    internal LandmarkTable(string path, Dictionary<string, LocatedFace> faces)
    {
        FilePath = path;
        _faces = faces;
    }

    /// <summary>The file that they are from.</summary>
    public string FilePath { get; }

    /// <inheritdoc/>
    string IFaceLocator.Source => FilePath;

    /// <summary>How many photographs have landmarks.</summary>
    public int Count => _faces.Count;

    /// <summary>The face of a photograph: listed under the name as given, or under the end of it with fewer folders.</summary>
    /// <param name="name">A file name or path; <c>/</c> and <c>\</c> both part folders.</param>
    /// <returns>Null where the file lists no such photograph.</returns>
    public LocatedFace? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var key = Key(name);
        for (var at = 0; ; at = key.IndexOf('/', at) + 1)
        {
            if (_faces.TryGetValue(key[at..], out var face)) return face;
            if (key.IndexOf('/', at) < 0) return null;
        }
    }

    /// <inheritdoc/>
    public LocatedFace Locate(ImageView photo, string path, string? name)
    {
        ArgumentNullException.ThrowIfNull(path);
        var face = (name is null ? null : Find(name)) ?? Find(path)
            ?? throw new InputException($"{path}: {FilePath} has no landmarks of it; add a line for {Path.GetFileName(path)}");
        // A landmark file without folders cannot tell a/0001.jpg from b/0001.jpg.
        var file = Path.GetFullPath(path);
        var user = _users.GetOrAdd(face, file);
        return user == file ? face
            : throw new InputException($"{path}: {FilePath} has one line for it and for {user}; list them with their folders");
    }

    internal static string Key(string name) => name.Replace('\\', '/');
}

/// <summary>
/// A CSV file of landmarks: the columns <c>image</c>, <c>left_eye_x</c>, <c>left_eye_y</c>, <c>right_eye_x</c>, <c>right_eye_y</c>,
/// <c>nose_x</c>, <c>nose_y</c>, <c>mouth_left_x</c>, <c>mouth_left_y</c>, <c>mouth_right_x</c>, <c>mouth_right_y</c> in any order,
/// in pixels of the photograph; where they are known, the edges of the face's box too, in <c>box_left</c>, <c>box_top</c>,
/// <c>box_right</c>, <c>box_bottom</c> (others are ignored). A line whose landmarks are all empty is of a photograph without a face and
/// counts as not there; of the several lines that <c>masq align --all-faces</c> writes for a photograph the first counts.
/// </summary>
public static class LandmarkFile
{
    private static readonly string[] Points = ["left_eye", "right_eye", "nose", "mouth_left", "mouth_right"];

    /// <summary>The columns of landmarks, in the order of <see cref="FiveLandmarks.Points"/>.</summary>
    internal static IReadOnlyList<string> LandmarkColumns { get; } = [.. Points.SelectMany(p => new[] { p + "_x", p + "_y" })];

    /// <summary>The columns of the box.</summary>
    internal static IReadOnlyList<string> BoxColumns { get; } = ["box_left", "box_top", "box_right", "box_bottom"];

    /// <summary>Reads a landmark file.</summary>
    /// <exception cref="InputException">
    /// Unreadable; a column is missing; a line is malformed, names no image or a listed one again, or has a value that is no finite number.
    /// </exception>
    public static LandmarkTable Read(string path)
    {
        var table = CsvTable.Read(path);
        var image = table.Column("image");
        int[] columns = [.. LandmarkColumns.Select(table.Column)];
        // A list that masq align wrote may have several faces of a photograph; the first is the one that it is of.
        var face = table.Has("crop") && table.Has("face") && table.Has("faces") ? table.Column("face") : -1;
        int[] box = table.Has(BoxColumns[0]) ? [.. BoxColumns.Select(table.Column)] : [];
        var faces = new Dictionary<string, LocatedFace>();
        foreach (var (line, fields) in table.Rows())
        {
            var name = LandmarkTable.Key(fields[image].Trim());
            if (name.Length == 0) throw new InputException($"{path} line {line}: names no image");
            if (columns.All(c => fields[c].Length == 0) || (face >= 0 && fields[face] != "1")) continue;
            var v = Numbers(columns, LandmarkColumns);
            var landmarks = new FiveLandmarks(new(v[0], v[1]), new(v[2], v[3]), new(v[4], v[5]), new(v[6], v[7]), new(v[8], v[9]));
            if (!faces.TryAdd(name, new LocatedFace(landmarks, Box()))) throw new InputException($"{path} line {line}: {name} is listed twice; keep one");

            FaceBox? Box()
            {
                if (box.All(c => fields[c].Length == 0)) return null;
                var edges = Numbers(box, BoxColumns);
                return edges[0] < edges[2] && edges[1] < edges[3] ? new FaceBox(edges[0], edges[1], edges[2], edges[3])
                    : throw new InputException($"{path} line {line}: the box of {name} is empty; correct it or leave its fields empty");
            }

            double[] Numbers(int[] places, IReadOnlyList<string> names) => [.. places.Select((place, i) =>
                double.TryParse(fields[place], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
                    ? value
                    : throw new InputException($"{path} line {line}: {names[i]} of {name} is '{fields[place]}', not a number"))];
        }
        if (faces.Count == 0) throw new InputException($"{path}: lists no landmarks");
        return new LandmarkTable(path, faces);
    }
}
