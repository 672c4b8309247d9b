using System.Globalization;

namespace Masquerade.Alignment;

/// <summary>The landmarks of many photographs, by file name.</summary>
public sealed class LandmarkTable
{
    private readonly Dictionary<string, FiveLandmarks> _landmarks;

    internal LandmarkTable(string path, Dictionary<string, FiveLandmarks> landmarks)
    {
        FilePath = path;
        _landmarks = landmarks;
    }

    /// <summary>The file that they are from.</summary>
    public string FilePath { get; }

    /// <summary>How many photographs have landmarks.</summary>
    public int Count => _landmarks.Count;

    /// <summary>The landmarks of a photograph: listed under the name as given, or under its file name without folder.</summary>
    /// <param name="name">A file name or path; <c>/</c> and <c>\</c> both part folders.</param>
    /// <returns>Null where the file lists no such photograph.</returns>
    public FiveLandmarks? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var key = Key(name);
        return _landmarks.GetValueOrDefault(key) ?? _landmarks.GetValueOrDefault(key[(key.LastIndexOf('/') + 1)..]);
    }

    internal static string Key(string name) => name.Replace('\\', '/');
}

/// <summary>
/// A CSV file of landmarks: the columns <c>image</c>, <c>left_eye_x</c>, <c>left_eye_y</c>, <c>right_eye_x</c>, <c>right_eye_y</c>,
/// <c>nose_x</c>, <c>nose_y</c>, <c>mouth_left_x</c>, <c>mouth_left_y</c>, <c>mouth_right_x</c>, <c>mouth_right_y</c> in any order,
/// in pixels of the photograph (others are ignored).
/// </summary>
public static class LandmarkFile
{
    private static readonly string[] Points = ["left_eye", "right_eye", "nose", "mouth_left", "mouth_right"];

    /// <summary>Reads a landmark file.</summary>
    /// <exception cref="InputException">
    /// Unreadable; a column is missing; a line is malformed, names no image or a listed one again, or has a value that is no finite number.
    /// </exception>
    public static LandmarkTable Read(string path)
    {
        var table = CsvTable.Read(path);
        var image = table.Column("image");
        var columns = Points.SelectMany(p => new[] { table.Column(p + "_x"), table.Column(p + "_y") }).ToArray();
        var landmarks = new Dictionary<string, FiveLandmarks>();
        var values = new double[columns.Length];
        foreach (var (line, fields) in table.Rows())
        {
            var name = LandmarkTable.Key(fields[image].Trim());
            if (name.Length == 0) throw new InputException($"{path} line {line}: names no image");
            for (var i = 0; i < values.Length; i++)
            {
                var text = fields[columns[i]];
                var isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]);
                if (isNumber && double.IsFinite(values[i])) continue;
                var column = Points[i / 2] + (i % 2 == 0 ? "_x" : "_y");
                throw new InputException($"{path} line {line}: {column} of {name} is '{text}', not a number");
            }
            var face = new FiveLandmarks(new(values[0], values[1]), new(values[2], values[3]), new(values[4], values[5]),
                new(values[6], values[7]), new(values[8], values[9]));
            if (!landmarks.TryAdd(name, face)) throw new InputException($"{path} line {line}: {name} is listed twice; keep one");
        }
        if (landmarks.Count == 0) throw new InputException($"{path}: lists no landmarks");
        return new LandmarkTable(path, landmarks);
    }
}
