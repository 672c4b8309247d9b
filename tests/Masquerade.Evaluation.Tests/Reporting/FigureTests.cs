using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting.Figures;
using Masquerade.Evaluation.Statistics;
using Masquerade.Imaging;
using SkiaSharp;

namespace Masquerade.Evaluation.Tests.Reporting;

public class FigureTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_curve_figure_is_a_picture_with_curves_and_words(bool dark)
    {
        List<AttackSummary> attacks = [.. RunSummary.Of(FakeRun.Whole()).Attacks.Where(a => a.Goal == AttackGoal.Anonymize)];
        var png = CurveFigure.Draw(attacks, ["fgsm", "deepfool", "uniform", "gaussian"], ["foolbox-v1", "minimal"], dark)!;
        using var bitmap = SKBitmap.Decode(png);
        (bitmap.Width, bitmap.Height).ShouldBe(CurveFigure.Pixels);
        var pixels = bitmap.Pixels;
        var paper = dark ? SKColor.Parse("#1C1C21") : SKColors.White;
        pixels[0].ShouldBe(paper);
        foreach (var colour in dark ? (string[])["#4AA8E8", "#FF8A3C", "#2BC79A", "#E79BC4"] : ["#0072B2", "#D55E00", "#009E73", "#CC79A7"])
            pixels.Count(p => p == SKColor.Parse(colour)).ShouldBeGreaterThan(300, colour);
        // Words at the left edge and at the foot: without a font there would be paper alone.
        Ink(0, 0, 60, bitmap.Height).ShouldBeGreaterThan(500);
        Ink(0, bitmap.Height - 130, bitmap.Width, bitmap.Height).ShouldBeGreaterThan(1500);

        int Ink(int left, int top, int right, int bottom) => Enumerable.Range(top, bottom - top)
            .Sum(y => Enumerable.Range(left, right - left).Count(x => pixels[y * bitmap.Width + x] != paper));
    }

    [Fact]
    public void No_pairs_no_figure() =>
        CurveFigure.Draw([RunSummary.Of(Skipped()).Attacks.Single()], ["fgsm"], ["f"], dark: false).ShouldBeNull();

    [Fact]
    public void Steps_run_from_edge_to_edge_through_every_success()
    {
        AttackRow[] rows = [.. new[] { 0.5, 2, 2, 8 }.Select((norm, i) => Row(2 * (i + 3)) with { L2 = norm }), Row(4)];
        var (x, y) = CurveFigure.Steps(SuccessCurve.Of(rows)!, 0.1, 10);
        x.ShouldBe([0.1, 0.5, 2, 8, 10]);
        y.ShouldBe([0.2, 0.4, 0.8, 1, 1]);
    }

    [Fact]
    public void The_axis_holds_every_norm()
    {
        var (left, right) = CurveFigure.NormRange([0, 0.2, 3, 40]);
        left.ShouldBeInRange(0.1, 0.2);
        right.ShouldBeInRange(40, 60);
        CurveFigure.Ticks(left, right).ShouldBe([0.2, 0.5, 1, 2, 5, 10, 20, 50]);
        CurveFigure.Ticks(0.004, 90).ShouldBe([0.01, 0.1, 1, 10]);
        CurveFigure.NormRange([0, 0]).ShouldBe((0.1, 10));
        CurveFigure.NormRange([1e-12, 50]).Left.ShouldBeInRange(1e-3, 5e-3);
    }

    [Fact]
    public void A_strip_shows_probe_perturbation_adversarial_and_reference()
    {
        var probe = new FaceImage(2, 1, [100, 100, 100, 50, 50, 50]);
        var reference = new FaceImage(2, 1, [1, 2, 3, 4, 5, 6]);
        // Planar: red +0.1 in the first pixel, blue −0.05 in the second.
        float[] adversarial = [100 / 255f + 0.1f, 50 / 255f, 100 / 255f, 50 / 255f, 100 / 255f, 50 / 255f - 0.05f];
        using var bitmap = SKBitmap.Decode(ExampleStrip.Draw(probe, adversarial, reference, "pair a|b"));
        const int factor = 96; // a single row of pixels is enlarged to the smallest tile
        ExampleStrip.Factor(probe.Size).ShouldBe(factor);
        (bitmap.Width, bitmap.Height).ShouldBe((4 * 2 * factor + 3 * 4, factor));
        At(0, 0).ShouldBe(new SKColor(100, 100, 100));
        At(0, 1).ShouldBe(new SKColor(50, 50, 50));
        At(1, 0).ShouldBe(new SKColor(178, 128, 128), "0.5 + 0.2 is 178.5, to even; grey where nothing changed");
        At(1, 1).ShouldBe(new SKColor(128, 128, 102), "half the largest change, downwards");
        At(2, 0).ShouldBe(new SKColor(126, 100, 100));
        At(3, 1).ShouldBe(new SKColor(4, 5, 6));
        bitmap.GetPixel(2 * factor + 1, 3).Alpha.ShouldBe((byte)0);
        ExampleStrip.Factor(new ImageSize(112, 112)).ShouldBe(1);
        ExampleStrip.Factor(new ImageSize(24, 30)).ShouldBe(4);

        SKColor At(int tile, int pixel) => bitmap.GetPixel(tile * (2 * factor + 4) + pixel * factor + factor / 2, factor / 2);
    }

    [Fact]
    public void A_perturbation_of_nothing_is_grey() =>
        ExampleStrip.Perturbation(new FaceImage(1, 1, [0, 51, 255]), [0, 0.2f, 1]).Pixels.ShouldBe(new byte[] { 128, 128, 128 });

    [Fact]
    public void Images_that_do_not_fit_together_are_named()
    {
        var face = new FaceImage(1, 1, [0, 0, 0]);
        Should.Throw<InputException>(() => ExampleStrip.Draw(face, [1, 1], face, "pair a|b")).Message.ShouldContain("pair a|b");
        Should.Throw<InputException>(() => ExampleStrip.Draw(face, [1, 1, 1], new FaceImage(2, 1, new byte[6]), "pair a|b"));
    }

    private static FakeRun Skipped() => new() { Rows = [Row(7)], RowsPlanned = 1 };

    private static AttackRow Row(int pair) => FakeRun.Row("m", "float", "f", "fgsm", pair);
}
