using Masquerade.Evaluation.Reporting.Figures;
using Masquerade.Evaluation.Statistics;
using Masquerade.Imaging;
using SkiaSharp;

namespace Masquerade.Evaluation.Tests.Reporting;

public class DefenseFigureTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Text_on_a_cell_is_readable_at_every_rate(bool dark)
    {
        var last = 0.0;
        for (var share = 0; share <= 100; share++)
        {
            var (cell, text) = DefenseHeatMap.Colours(share / 100.0, dark);
            DefenseHeatMap.Contrast(cell, text).ShouldBeGreaterThan(4.5, $"at {share} %");
            // More pairs fooled is always farther from the page's colour.
            var contrast = DefenseHeatMap.Contrast(cell, SKColor.Parse(dark ? "#1C1C21" : "#FFFFFF"));
            contrast.ShouldBeGreaterThanOrEqualTo(last - 0.02);
            last = contrast;
        }
        DefenseHeatMap.Contrast(SKColors.Black, SKColors.White).ShouldBe(21, 1e-9);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_heat_map_has_a_cell_for_each_attack_and_level_and_says_who_is_warned_of(bool dark)
    {
        var matrix = RunSummary.Of(FakeRun.Defended()).DefenseMatrices[1];
        var (png, width, height) = DefenseHeatMap.Draw(matrix, new HashSet<string> { "jpeg:75" }, dark);
        using var bitmap = SKBitmap.Decode(png);
        (bitmap.Width, bitmap.Height).ShouldBe((2 * width, 2 * height));
        var pixels = bitmap.Pixels;
        var everyone = DefenseHeatMap.Colours(1, dark).Cell;
        var some = DefenseHeatMap.Colours(0.4, dark).Cell;
        // 100 %: on the bare verifier and with perfect knowledge by three attacks, and in every worst case.
        pixels.Count(p => p == everyone).ShouldBeInRange((3 * 2 + 3 * 3 + 4) * 6500, (3 * 2 + 3 * 3 + 4) * 11000);
        pixels.Count(p => p == some).ShouldBeInRange(6 * 6500, 6 * 11000, "40 % at zero knowledge by three attacks on two defenses");
        pixels.ShouldContain(SKColor.Parse(dark ? "#F0A352" : "#B45309"));
        DefenseHeatMap.Draw(matrix, new HashSet<string>(), dark).Png.ShouldNotBe(png);
    }

    [Fact]
    public void Curves_have_a_panel_for_each_defense_and_a_line_style_for_each_level()
    {
        var matrix = RunSummary.Of(FakeRun.Defended(12, ["mean:3", "jpeg:75", "tv", "gauss"])).DefenseMatrices[0];
        var four = DefenseCurves.Draw(matrix, dark: false);
        var three = DefenseCurves.Draw(matrix with { Rows = [.. matrix.Rows.SkipLast(1)] }, dark: false);
        four.Width.ShouldBe(three.Width);
        four.Height.ShouldBeGreaterThan(three.Height + 200);
        using var bitmap = SKBitmap.Decode(four.Png);
        foreach (var colour in (string[])["#0072B2", "#D55E00", "#009E73", "#CC79A7"])
            bitmap.Pixels.Count(p => p == SKColor.Parse(colour)).ShouldBeGreaterThan(400, colour);
        // Without the levels that are drawn dashed there is less of every colour.
        var perfect = matrix with
        {
            Rows = [.. matrix.Defended.Select(r => r with { Attacks = [.. r.Attacks.Where(a => a.Setting.Knowledge == "perfect")] })],
        };
        using var fewer = SKBitmap.Decode(DefenseCurves.Draw(perfect, dark: false).Png);
        Count(fewer).ShouldBeLessThan(Count(bitmap));

        static int Count(SKBitmap picture) => picture.Pixels.Count(p => p == SKColor.Parse("#0072B2"));
    }

    [Fact]
    public void Names_of_figures_are_their_own()
    {
        var summary = RunSummary.Of(FakeRun.Defended(4, models: ["a b", "a-b"], attacks: ["minimal/fgsm"]));
        var files = DefenseFigures.Files(summary).SelectMany(f => new[] { f.Matrix, f.Curves }).ToList();
        files.Count.ShouldBe(8);
        files.Distinct().Count().ShouldBe(8);
        files.ShouldAllBe(f => ReportPictures.IsOurs(f!));
    }

    [Fact]
    public void A_strip_shows_what_the_defense_makes_of_the_image()
    {
        var face = new FaceImage(1, 1, [100, 100, 100]);
        var png = ExampleStrip.Draw(face, [0.6f, 0.6f, 0.6f], new FaceImage(1, 1, [1, 2, 3]), "pair", [0.8f, 0.2f, 0f]);
        using var bitmap = SKBitmap.Decode(png);
        (bitmap.Width, bitmap.Height).ShouldBe((5 * 96 + 4 * 4, 96));
        At(2).ShouldBe(new SKColor(153, 153, 153));
        At(3).ShouldBe(new SKColor(204, 51, 0));
        At(4).ShouldBe(new SKColor(1, 2, 3));
        Should.Throw<InputException>(() => ExampleStrip.Draw(face, [0, 0, 0], face, "pair a|b", [0, 0])).Message.ShouldContain("pair a|b");

        SKColor At(int tile) => bitmap.GetPixel(tile * 100 + 48, 48);
    }

    [Fact]
    public void The_pair_of_median_norm_is_shown_by_what_was_best_for_it()
    {
        var row = RunSummary.Of(FakeRun.Defended()).DefenseMatrices[0].Rows[1];
        var rows = DefenseExamples.ByNorm(row, "perfect").ToList();
        rows.Count.ShouldBe(5, "one of the six pairs was wrong before");
        rows.Select(r => r.Pair).Distinct().Count().ShouldBe(5);
        var perfect = row.Attacks.Where(a => a.Setting.Knowledge == "perfect").SelectMany(a => a.Rows).ToList();
        foreach (var shown in rows) shown.L2.ShouldBe(perfect.Where(r => r.Pair == shown.Pair).Min(r => r.L2));
        rows.Count(r => r.L2 < rows[0].L2).ShouldBe(2);
    }
}
