using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics.Defenses;
using SkiaSharp;

namespace Masquerade.Evaluation.Reporting.Figures;

/// <summary>
/// What detectors refuse of adversarial images at every share of false alarms, a small picture for each detector: an attack has a colour, a
/// line style tells what the attacker wanted. False alarms are on a logarithmic axis: only few are bearable.
/// </summary>
internal static class RocFigure
{
    private static readonly (AttackGoal Goal, float Width, float[]? Dashes)[] Styles =
        [(AttackGoal.Impersonate, 2, null), (AttackGoal.Anonymize, 1.6f, [6, 3.5f])];

    /// <summary>Draws what detectors in front of one model do.</summary>
    /// <param name="detections">Those with scores; at least one.</param>
    /// <param name="dark">For a dark page.</param>
    /// <returns>A PNG file and its width and height in page pixels.</returns>
    public static (byte[] Png, int Width, int Height) Draw(IReadOnlyList<DetectionSummary> detections, bool dark)
    {
        string[] attacks = [.. detections.Select(d => d.Attack).Distinct()];
        string[] defenses = [.. detections.Select(d => d.Defense).Distinct()];
        // Half of one false alarm, so that none at all has a place.
        var least = 0.5 / detections.Max(d => d.Roc!.Clean);
        return FigurePanels.Draw(
            "Adversarial images refused", "Clean probes refused (false alarms) on the horizontal, logarithmic axes", defenses,
            [
                .. attacks.Select(a => new FigurePanels.Key(a, Colour(a), Styles[0].Width, null)),
                .. Styles.Where(s => detections.Any(d => d.Goal == s.Goal)).Select(s => new FigurePanels.Key(LedgerRows.Name(s.Goal), null, s.Width, s.Dashes)),
            ], dark,
            (picture, i, area) =>
            {
                FigurePanels.Ticks(picture, area, CurveFigure.Ticks(least, 1).Select(t => (Place(t), Numbers.Text($"{100 * t:0.##} %"))));
                foreach (var style in Styles)
                {
                    foreach (var own in detections.Where(d => d.Defense == defenses[i] && d.Goal == style.Goal))
                    {
                        FigurePanels.Steps(
                            picture, area, [.. own.Roc!.Corners().Select(c => (Place(c.FalseAlarms), c.Detected))], Colour(own.Attack), style.Width, style.Dashes);
                    }
                }
            });

        double Place(double share) => Math.Log(Math.Max(share, least) / least) / Math.Log(1 / least);

        SKColor Colour(string attack) => SKColor.Parse(CurveFigure.Colour(Array.IndexOf(attacks, attack), dark));
    }
}
