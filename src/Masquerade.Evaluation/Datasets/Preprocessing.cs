using Masquerade.Alignment;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Datasets;

/// <summary>What is done to a crop before anybody sees it, the attacker included.</summary>
public enum Preprocessing
{
    /// <summary><c>none</c>: the crop is the probe.</summary>
    None,

    /// <summary>
    /// <c>study-2019</c>: each crop is standardised on its own, (x − mean) / max(std, 1/√values) over all its values; then −3.1855 to
    /// 4.5145, the least and the greatest value in the study, become 0 to 1. What lies beyond is clipped, and the crop is rounded to
    /// 8 bits as every probe is.
    /// </summary>
    Study2019,
}

/// <summary>The names of the kinds of preprocessing, as experiments have them, and what each does.</summary>
public static class Preprocessings
{
    /// <summary>The name of <see cref="Preprocessing.None"/>.</summary>
    public const string None = "none";

    // Over all 200 images of the study's 100 pairs.
    private const double Least = -3.1855, Greatest = 4.5145;

    private static readonly (Preprocessing Kind, string Name, string Description)[] All =
    [
        (Preprocessing.None, None, "crops as they are"),
        (Preprocessing.Study2019, "study-2019",
            FormattableString.Invariant($"each crop minus its mean, over its standard deviation, {Least} to {Greatest} mapped to [0,1], ")
            + "rounded to 8 bits"),
    ];

    /// <summary>The names there are.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(a => a.Name)];

    /// <summary>The kind of a name.</summary>
    /// <exception cref="InputException">There is no such kind.</exception>
    public static Preprocessing Parse(string name)
    {
        foreach (var known in All)
        {
            if (known.Name == name) return known.Kind;
        }
        throw new InputException($"no preprocessing '{name}'; known are {string.Join(", ", Names)}");
    }

    /// <summary>What a kind does, in a line.</summary>
    public static string Description(this Preprocessing kind) => Array.Find(All, a => a.Kind == kind).Description;

    /// <summary>The probe that a crop becomes.</summary>
    public static FaceImage Apply(this Preprocessing kind, FaceImage crop)
    {
        ArgumentNullException.ThrowIfNull(crop);
        return kind == Preprocessing.Study2019 ? Standardised(crop) : crop;
    }

    private static FaceImage Standardised(FaceImage crop)
    {
        // Sums of whole numbers: no order of adding changes them.
        long sum = 0, squares = 0;
        foreach (var value in crop.Pixels) (sum, squares) = (sum + value, squares + value * value);
        double count = crop.Pixels.Length;
        var mean = sum / count;
        var deviation = Math.Max(Math.Sqrt(Math.Max(squares / count - mean * mean, 0)), 1 / Math.Sqrt(count));
        // A value depends on its level only, of which there are 256.
        var levels = new byte[256];
        for (var x = 0; x < levels.Length; x++)
        {
            var mapped = ((x - mean) / deviation - Least) / (Greatest - Least);
            levels[x] = (byte)Math.Round(255 * Math.Clamp(mapped, 0, 1), MidpointRounding.ToEven);
        }
        return new FaceImage(crop.Width, crop.Height, Array.ConvertAll(crop.Pixels, value => levels[value]));
    }
}
