using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Defenses;
using SkiaSharp;

namespace Masquerade.Evaluation.Reporting.Figures;

/// <summary>
/// Success against norm behind each defense, a small picture each on one scale: an attack has a colour, a line style tells bare, zero and
/// perfect knowledge apart.
/// </summary>
internal static class DefenseCurves
{
    private static readonly (string Level, string Name, float Width, float[]? Dashes)[] Styles =
    [
        ("", "no defense", 1.4f, [1.5f, 2.5f]), (KnowledgeNames.Zero, "zero knowledge", 1.7f, [6, 3.5f]),
        (KnowledgeNames.Perfect, "perfect knowledge", 2, null),
    ];

    /// <summary>Draws one model, storage rule and goal.</summary>
    /// <param name="matrix">A matrix with defenses.</param>
    /// <param name="dark">For a dark page.</param>
    /// <returns>A PNG file and its width and height in page pixels.</returns>
    public static (byte[] Png, int Width, int Height) Draw(DefenseMatrix matrix, bool dark)
    {
        var rows = matrix.Defended.ToList();
        var curves = matrix.Rows.ToDictionary(
            r => r.Defense,
            r => r.Attacks.Select(a => (a.FullName, a.Setting.Knowledge, Curve: SuccessCurve.Of(a.Rows))).ToList());
        var (left, right) = CurveFigure.NormRange(
            curves.Values.SelectMany(c => c).SelectMany(c => c.Curve?.Norms ?? []));
        return FigurePanels.Draw(
            matrix.Goal == AttackGoal.Anonymize
                ? "Anonymization: share of the pairs of one person judged different"
                : "Impersonation: share of the pairs of two persons judged the same",
            "‖Δ‖ (L2, values in [0,1]) on the horizontal, logarithmic axes", [.. rows.Select(r => r.Defense)], Keys(matrix, dark), dark,
            (picture, i, area) =>
            {
                FigurePanels.Ticks(picture, area, CurveFigure.Ticks(left, right).Select(t => (Place(t), Numbers.Text($"{t}"))));
                foreach (var style in Styles)
                {
                    foreach (var (attack, knowledge, curve) in curves.GetValueOrDefault(style.Level.Length == 0 ? "" : rows[i].Defense) ?? [])
                    {
                        if (knowledge != style.Level || curve is null) continue;
                        var (x, y) = CurveFigure.Steps(curve, left, right);
                        FigurePanels.Steps(picture, area, [.. x.Select(Place).ZipExact(y)], Colour(matrix, attack, dark), style.Width, style.Dashes);
                    }
                }
            });

        double Place(double norm) => Math.Log(norm / left) / Math.Log(right / left);
    }

    private static List<FigurePanels.Key> Keys(DefenseMatrix matrix, bool dark) =>
    [
        .. matrix.Attacks.Select(a => new FigurePanels.Key(a, Colour(matrix, a, dark), Styles[^1].Width, Styles[^1].Dashes)),
        .. Styles.Where(s => s.Level.Length == 0 ? matrix.Bare is not null : matrix.Knowledge.Contains(s.Level))
            .Select(s => new FigurePanels.Key(s.Name, null, s.Width, s.Dashes)),
    ];

    private static SKColor Colour(DefenseMatrix matrix, string attack, bool dark) =>
        SKColor.Parse(CurveFigure.Colour(matrix.Attacks.Index().First(a => a.Item == attack).Index, dark));
}
