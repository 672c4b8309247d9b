using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Runs;
using Masquerade.Imaging;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Tests.Runs;

public sealed class VerificationBenchmarkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ColourEmbedder _embedder = new();

    public void Dispose()
    {
        _embedder.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_list_without_folds_is_judged_at_the_verifiers_threshold()
    {
        Write("red1", 200, 0, 0);
        Write("red2", 100, 10, 0);
        Write("green1", 0, 90, 0);
        Write("orange", 100, 100, 0);
        // Distances: red1–red2 0.01, red1–green1 2, red2–orange 0.44, red1–orange 0.59.
        var list = List(("red1", "red2", true, 0), ("red1", "green1", false, 0), ("red2", "orange", true, 0), ("red1", "orange", false, 0));
        var scores = Run(list, 0.5);
        scores.Accuracy.ShouldBe(1);
        scores.AccuracyStd.ShouldBeNull();
        scores.Thresholds.ShouldBe([0.5]);
        scores.Pairs.ShouldBe(4);
        scores.Roc.Auc.ShouldBe(1);
        scores.BestOnSamePairs!.Value.Accuracy.ShouldBe(1);
        Run(list, 0.3).Accuracy.ShouldBe(0.75);
        // Every photograph of a list once, however many pairs it is in: four a run.
        _embedder.Images.ShouldBe(8);
    }

    [Fact]
    public void Missing_and_damaged_photographs_take_their_pairs_out_and_are_listed()
    {
        Write("red1", 200, 0, 0);
        Write("red2", 100, 10, 0);
        Write("green1", 0, 90, 0);
        File.WriteAllText(_folder["text.png"], "no picture");
        var list = List(
            ("red1", "red2", true, 0), ("red1", "green1", false, 0), ("red1", "gone", true, 0), ("gone", "lost", false, 0),
            ("text", "red1", true, 0));
        var scores = Run(list, 0.5);
        scores.Pairs.ShouldBe(2);
        scores.Availability.MissingNames.ShouldBe(["gone", "lost"]);
        scores.Availability.Missing.Count.ShouldBe(2);
        scores.Unusable.ShouldHaveSingleItem().Name.ShouldBe("text");
        scores.PairsUnusable.ShouldBe(1);
        Should.Throw<InputException>(() => Run(list, 0.5, strict: true)).Message.ShouldContain("text.png");
    }

    [Fact]
    public void A_list_with_folds_is_judged_fold_by_fold()
    {
        Write("red1", 200, 0, 0);
        Write("red2", 100, 10, 0);
        Write("green1", 0, 90, 0);
        var list = List(
            ("red1", "red2", true, 0), ("red1", "green1", false, 0), ("red2", "red1", true, 1), ("red2", "green1", false, 1),
            ("gone", "red1", true, 2));
        var scores = Run(list, 3.9);
        scores.Accuracy.ShouldBe(1);
        scores.AccuracyStd.ShouldBe(0);
        scores.Folds.Select(f => f.Fold).ShouldBe([0, 1]);
        scores.FoldsLeftOut.ShouldBe([2]);
        // The first threshold above red1–red2's 0.0099.
        scores.Thresholds.ShouldBe([0.01, 0.01]);
        scores.Pairs.ShouldBe(4);
        // 3.9 accepts everybody, and half of the pairs are the same person.
        (scores.OwnThreshold, scores.AccuracyAtOwnThreshold).ShouldBe((3.9, 0.5));
    }

    [Fact]
    public void Nothing_to_judge_is_refused_with_the_reason()
    {
        var list = List(("red1", "red2", true, 0), ("gone", "red1", false, 0));
        Should.Throw<InputException>(() => Run(list, 1)).Message.ShouldContain("none of its 2 pairs");
        File.WriteAllText(_folder["red1.png"], "no picture");
        File.WriteAllText(_folder["red2.png"], "no picture");
        Should.Throw<InputException>(() => Run(list, 1)).Message.ShouldContain("red1.png: is not a JPEG");
        Write("red1", 200, 0, 0);
        Write("red2", 200, 0, 0);
        Should.Throw<InputException>(() => Run(list, 1)).Message.ShouldContain("needs both kinds");
    }

    private VerificationScores Run(PairList list, double threshold, bool strict = false)
    {
        var folder = new ImageFolder(_folder[""]);
        var crops = new FaceCropSource(folder, new FaceCropper(AlignmentKind.None, _embedder.InputSize, null, aligned: true));
        return new VerificationBenchmark(new FaceVerifier(_embedder, threshold), crops, new EmbeddingOptions { Strict = strict })
            .Run(list, PairAvailability.Of(list, folder), null, TestContext.Current.CancellationToken);
    }

    private void Write(string name, byte red, byte green, byte blue) =>
        ImageFile.WritePng(_folder[name + ".png"], ColourEmbedder.Plain(red, green, blue));

    private static PairList List(params (string Probe, string Reference, bool Same, int Fold)[] pairs) => new(
        "pairs.txt", PairListFormat.Csv,
        [.. pairs.Select(p => new VerificationPair($"{p.Probe}|{p.Reference}", p.Probe, p.Reference, p.Same, p.Fold))],
        pairs.Select(p => p.Fold).Distinct().Count());
}
