using Masquerade.Attacks;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;
using ScottPlot;

namespace Masquerade.Evaluation.Reporting.Figures;

/// <summary>Success-against-norm curves of one setting and goal, as a picture.</summary>
internal static class CurveFigure
{
    /// <summary>Size of the pictures in pixels; drawn at twice the scale.</summary>
    public static readonly (int Width, int Height) Pixels = (1440, 1160);

    private const double Scale = 2;

    // Okabe and Ito's palette, which the colour-blind can tell apart, without its yellow: that is lost on white. Sky blue and orange
    // come late because they are near to blue and vermilion. The last two are for the many attacks of a matrix.
    private static readonly string[] Light =
        ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#7A5230", "#7B5FB0"];

    private static readonly string[] Dark =
        ["#4AA8E8", "#FF8A3C", "#2BC79A", "#E79BC4", "#9AD7F7", "#F5C04A", "#F0F0F0", "#C79A76", "#B79CF0"];

    private static readonly LinePattern[] Patterns = [LinePattern.Solid, LinePattern.DenselyDashed, LinePattern.Dotted, LinePattern.Dashed];

    /// <summary>Draws the curves: an attack's name has a colour, its family a line style, the same in every figure of a run.</summary>
    /// <param name="attacks">Summaries of one setting and goal.</param>
    /// <param name="names">Every attack name of the run, in order.</param>
    /// <param name="families">Every family of the run, in order.</param>
    /// <param name="dark">For a dark page.</param>
    /// <param name="beside">Summaries that are shown beside these and get the same axis; null for none.</param>
    /// <returns>A PNG file; null where no pair was read.</returns>
    public static byte[]? Draw(
        IReadOnlyList<AttackSummary> attacks, IReadOnlyList<string> names, IReadOnlyList<string> families, bool dark,
        IReadOnlyList<AttackSummary>? beside = null)
    {
        var curves = attacks.Select(a => (Attack: a, Curve: SuccessCurve.Of(a.Rows))).Where(c => c.Curve is not null).ToList();
        if (curves.Count == 0) return null;
        FigureFonts.Register();
        using var plot = new Plot();
        var others = (beside ?? []).Select(a => SuccessCurve.Of(a.Rows)).OfType<SuccessCurve>();
        var (left, right) = NormRange(curves.Select(c => c.Curve!).Concat(others).SelectMany(c => c.Norms));
        foreach (var norm in (double[])[1, 5])
        {
            var mark = plot.Add.VerticalLine(Math.Log10(norm), 1, Color.FromHex(dark ? "#7A7A80" : "#A0A0A0"), LinePattern.Dotted);
        }
        foreach (var (attack, curve) in curves)
        {
            var (x, y) = Steps(curve!, left, right);
            var line = plot.Add.Scatter(x.Select(Math.Log10).ToArray(), y.Select(share => 100 * share).ToArray());
            line.ConnectStyle = ConnectStyle.StepHorizontal;
            line.MarkerSize = 0;
            line.LineWidth = 2.4f;
            line.Color = Color.FromHex(Cycle(dark ? Dark : Light, IndexOf(names, attack.Attack)));
            line.LinePattern = Cycle(Patterns, IndexOf(families, attack.Family));
        }
        Decorate(plot, attacks[0], left, right, dark);
        foreach (var attack in attacks.Select(a => a.Attack).Distinct())
            AddKey(plot, attack, Cycle(dark ? Dark : Light, IndexOf(names, attack)), LinePattern.Solid);
        foreach (var family in attacks.Select(a => a.Family).Distinct())
            AddKey(plot, family, dark ? "#A4A4AE" : "#62626C", Cycle(Patterns, IndexOf(families, family)));
        plot.ScaleFactor = Scale;
        return plot.GetImageBytes(Pixels.Width, Pixels.Height, ImageFormat.Png);
    }

    /// <summary>The colour of a curve, as CSS writes it.</summary>
    internal static string Colour(int index, bool dark) => Cycle(dark ? Dark : Light, index);

    /// <summary>The corners of a curve between two norms: from its start at the left edge to its end at the right one.</summary>
    internal static (double[] X, double[] Y) Steps(SuccessCurve curve, double left, double right)
    {
        var norms = curve.Norms.Where(n => n > left && n <= right).Distinct();
        double[] x = [left, .. norms, right];
        return (x, [.. x.Select(curve.At)]);
    }

    /// <summary>
    /// A range that holds all norms above 0 with some room, on a logarithmic axis; norms below a ten-thousandth of the largest go into the
    /// edge. </summary>
    internal static (double Left, double Right) NormRange(IEnumerable<double> norms)
    {
        double[] positive = [.. norms.Where(n => n > 0)];
        if (positive.Length == 0) return (0.1, 10);
        var largest = positive.Max();
        return (Math.Max(positive.Min(), largest * 1e-4) / 1.3, largest * 1.3);
    }

    /// <summary>Ticks at 1, 2 and 5 of every decade, or at the decades alone where there are many.</summary>
    internal static IEnumerable<double> Ticks(double left, double right)
    {
        double[] steps = right / left > 1500 ? [1] : [1, 2, 5];
        for (var decade = Math.Floor(Math.Log10(left)); decade <= Math.Log10(right); decade++)
        {
            foreach (var step in steps)
            {
                var tick = double.Parse(Numbers.Text($"{step}E{decade}"), System.Globalization.CultureInfo.InvariantCulture);
                if (tick >= left && tick <= right) yield return tick;
            }
        }
    }

    private static void Decorate(Plot plot, AttackSummary any, double left, double right, bool dark)
    {
        var ink = Color.FromHex(dark ? "#DADADF" : "#333338");
        var paper = Color.FromHex(dark ? "#1C1C21" : "#FFFFFF");
        plot.FigureBackground.Color = paper;
        plot.DataBackground.Color = paper;
        plot.Axes.Color(ink);
        plot.Grid.MajorLineColor = Color.FromHex(dark ? "#33333A" : "#E6E6EA");
        double[] ticks = [.. Ticks(left, right)];
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. ticks.Select(Math.Log10)], [.. ticks.Select(t => Numbers.Text($"{t}"))]);
        double[] shares = [0, 20, 40, 60, 80, 100];
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual(shares, [.. shares.Select(s => Numbers.Text($"{s} %"))]);
        plot.Axes.SetLimits(Math.Log10(left), Math.Log10(right), -2, 103);
        plot.XLabel("‖Δ‖ (L2, values in [0,1])");
        plot.YLabel(any.Goal == AttackGoal.Anonymize ? "pairs of one person judged different" : "pairs of two persons judged the same");
        plot.ShowLegend(Edge.Bottom);
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.Legend.BackgroundColor = paper;
        plot.Legend.FontColor = ink;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.SymbolWidth = 24;
        plot.Legend.InterItemPadding = new PixelPadding(7, 7, 3, 3);
        plot.Legend.TightHorizontalWrapping = true;
        plot.Axes.Top.FrameLineStyle.Width = plot.Axes.Right.FrameLineStyle.Width = 0;
        plot.Font.Set(FigureFonts.Name);
        plot.Axes.Bottom.Label.FontSize = plot.Axes.Left.Label.FontSize = 19;
        plot.Axes.Bottom.Label.Bold = plot.Axes.Left.Label.Bold = false;
        plot.Axes.Bottom.TickLabelStyle.FontSize = plot.Axes.Left.TickLabelStyle.FontSize = 18;
        plot.Legend.FontSize = 16;
    }

    private static void AddKey(Plot plot, string name, string colour, LinePattern pattern) => plot.Legend.ManualItems.Add(new LegendItem
    {
        LabelText = TableText.Printable(name),
        LineColor = Color.FromHex(colour),
        LineWidth = 2.4f,
        LinePattern = pattern,
    });

    private static int IndexOf(IReadOnlyList<string> names, string name) => names.Index().First(n => n.Item == name).Index;

    private static T Cycle<T>(T[] items, int index) => items[index % items.Length];
}
