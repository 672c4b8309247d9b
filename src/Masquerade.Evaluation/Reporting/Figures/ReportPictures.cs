using System.Text;
using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Reporting.Figures;

/// <summary>A drawn curve figure.</summary>
/// <param name="Setting">What was attacked.</param>
/// <param name="Goal">What the attacker wanted.</param>
/// <param name="File">Name of the file, without its folder.</param>
/// <param name="Png">The picture for light pages and for files.</param>
/// <param name="DarkPng">The picture for dark pages.</param>
internal sealed record CurvePicture(RunSetting Setting, AttackGoal Goal, string File, byte[] Png, byte[] DarkPng);

/// <summary>A drawn example strip.</summary>
/// <param name="Example">The success that it shows.</param>
/// <param name="File">Name of the file, without its folder.</param>
/// <param name="Png">The picture.</param>
internal sealed record ExamplePicture(ExampleRow Example, string File, byte[] Png);

/// <summary>All pictures of a report, drawn once for files and page.</summary>
internal sealed class ReportPictures
{
    private readonly HashSet<string> _names = [];

    private ReportPictures() { }

    public List<CurvePicture> Curves { get; } = [];

    public Dictionary<AttackSummary, List<ExamplePicture>> Examples { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>The figures of defenses; none where a run has none.</summary>
    public IReadOnlyList<DefensePictures> Defenses { get; private init; } = [];

    /// <summary>The figures of detectors; none where a run has none.</summary>
    public IReadOnlyList<DetectorPicture> Detectors { get; private init; } = [];

    /// <summary>The figures of transfers; none where nothing was carried over.</summary>
    public IReadOnlyList<(string Title, Figure Figure)> Transfers { get; private init; } = [];

    /// <summary>Successes against defenses.</summary>
    public List<DefenseExample> DefenseExamples { get; } = [];

    /// <summary>Every picture as a file.</summary>
    public IEnumerable<(string File, byte[] Png)> Files =>
    [
        .. Curves.Select(c => (c.File, c.Png)),
        .. Examples.Values.SelectMany(e => e).Select(e => (e.File, e.Png)),
        .. Defenses.SelectMany(d => new[] { d.HeatMap, d.Curves }.OfType<Figure>()).Select(f => (f.File, f.Png)),
        .. Detectors.Select(d => (d.Roc.File, d.Roc.Png)),
        .. DefenseExamples.Select(e => (e.File, e.Png)),
        .. Transfers.Select(t => (t.Figure.File, t.Figure.Png)),
    ];

    /// <summary>Whether a file of this name is one that an export wrote.</summary>
    public static bool IsOurs(string file) =>
        ((string[])["curve-", "example-", DefenseFigures.HeatMapPrefix, DefenseFigures.CurvesPrefix, DefenseFigures.RocPrefix,
            TransferHeatMap.Prefix])
        .Any(prefix => file.StartsWith(prefix, StringComparison.Ordinal));

    public static ReportPictures Draw(RunSummary summary, IRunResults results)
    {
        var pictures = new ReportPictures
        {
            Defenses = DefenseFigures.Draw(summary),
            Detectors = DefenseFigures.DrawRocs(summary),
            Transfers = TransferHeatMap.DrawAll(summary),
        };
        List<AttackSummary> bare = [.. summary.BareSettings.SelectMany(s => s)];
        List<string> names = [.. bare.Select(a => a.Attack).Distinct()];
        List<string> families = [.. bare.Select(a => a.Family).Distinct()];
        // One goal's figures of several models stand beside each other and are drawn to one scale.
        foreach (var row in bare.GroupBy(a => (a.Setting with { Model = "", Threshold = 0 }, a.Goal)))
        {
            List<AttackSummary> beside = [.. row];
            foreach (var group in row.GroupBy(a => a.Setting))
            {
                List<AttackSummary> attacks = [.. group];
                if (CurveFigure.Draw(attacks, names, families, dark: false, beside) is not { } light) continue;
                var dark = CurveFigure.Draw(attacks, names, families, dark: true, beside)!;
                var name = pictures.Name("curve", attacks[0], withAttack: false);
                pictures.Curves.Add(new CurvePicture(group.Key, row.Key.Goal, name, light, dark));
            }
        }
        foreach (var attack in bare) pictures.Examples.Add(attack, pictures.DrawExamples(attack, results));
        pictures.DefenseExamples.AddRange(
            Figures.DefenseExamples.Draw(summary, results, attack => pictures.Name("example", attack, withAttack: true)));
        return pictures;
    }

    private List<ExamplePicture> DrawExamples(AttackSummary attack, IRunResults results)
    {
        var drawn = new List<ExamplePicture>();
        var strips = new Dictionary<AttackRow, byte[]>(ReferenceEqualityComparer.Instance);
        foreach (var example in ExampleRows.Choose(attack.Rows, Kept))
            drawn.Add(new ExamplePicture(example, Name("example", attack, withAttack: true), strips[example.Row]));
        return drawn;

        bool Kept(AttackRow row)
        {
            if (strips.ContainsKey(row)) return true;
            if (results.Adversarial(row) is not { } adversarial) return false;
            if (results.Crop(row.Model, row.Pair, PairSide.Probe) is not { } probe) return false;
            if (results.Crop(row.Model, row.Pair, PairSide.Reference) is not { } reference) return false;
            strips[row] = ExampleStrip.Draw(probe, adversarial, reference, $"pair {row.Pair}");
            return true;
        }
    }

    /// <summary>A file name that says what it shows and that no other picture has: names come from files and may hold anything.</summary>
    private string Name(string kind, AttackSummary attack, bool withAttack)
    {
        var setting = attack.Setting;
        string[] parts =
        [
            kind, setting.Model, setting.Storage, setting.Defense, setting.Knowledge, setting.Detector,
            withAttack ? attack.Family : "", withAttack ? attack.Attack : "", LedgerRows.Name(attack.Goal),
        ];
        var stem = string.Join('-', parts.Select(Slug).Where(p => p.Length > 0));
        var (name, number) = (withAttack ? $"{stem}-1" : stem, 1);
        while (!_names.Add(name)) name = $"{stem}-{++number}";
        return $"{name}.png";
    }

    internal static string Slug(string text)
    {
        var slug = new StringBuilder();
        foreach (var c in text.ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(c)) slug.Append(c);
            else if (slug.Length > 0 && slug[^1] != '-') slug.Append('-');
        }
        return slug.ToString(0, Math.Min(slug.Length, 40)).Trim('-');
    }
}
