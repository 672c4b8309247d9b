using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Remote;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Intervals;
using Masquerade.Evaluation.Tests.Reporting;
using Masquerade.Evaluation.Tests.Runs;
using Masquerade.Evaluation.Transfer;

namespace Masquerade.Evaluation.Tests.Transfer;

/// <summary>The measures of transfer, on rows made by hand.</summary>
public class TransferSummaryTests
{
    private static readonly TransferTarget Other = new("other", "mapped", false, 1, "files");

    [Fact]
    public void Success_is_over_images_whose_clean_pair_the_judge_was_right_of()
    {
        // Anonymization: fooled, not fooled, wrong before, no face, refused; a pair that the attack failed on, and one wrong at the source.
        var summary = Summary(AttackGoal.Anonymize,
            ("a", 0.9, TransferJudgement.Of(1.6, 1)), ("b", 0.8, TransferJudgement.Of(0.6, 1)), ("c", 0.4, TransferJudgement.Of(2, 1)),
            ("d", 0.7, TransferJudgement.NoFace("none")), ("e", 0.6, TransferJudgement.Refused("too small")), ("f", 0.5, null),
            ("g", 0.75, null));
        (summary.Success.Count, summary.Success.Of).ShouldBe((2, 3));
        (summary.CleanErrors.Count, summary.CleanErrors.Of, summary.Pairs).ShouldBe((1, 7, 7));
        (summary.Images, summary.NoFace, summary.Refused, summary.Missing).ShouldBe((4, 1, 1, 0));
        // 1.6 lies 0.6 of 3 beyond the threshold: P(same) is 0.4. 0.6 lies before it: 0.7. 2 lies 1 of 3 beyond: 1/3.
        summary.Confidence!.Value.Value.ShouldBe((0.4 + 0.7 + 1.0 / 3 + 0) / 4, 1e-9);
        summary.Clean!.Value.Value.ShouldBe((0.9 + 0.8 + 0.4 + 0.7 + 0.6 + 0.5 + 0.75) / 7, 1e-9);
        summary.Drop!.Value.Value.ShouldBe((0.9 - 0.4 + 0.8 - 0.7 + 0.4 - 1.0 / 3 + 0.7) / 4, 1e-9);
        // Of the refused image nothing is known; those without an image count with their clean confidence.
        summary.ConfidenceOfAll!.Value.Value.ShouldBe((0.4 + 0.7 + 1.0 / 3 + 0 + 0.5 + 0.75) / 6, 1e-9);
        summary.Confidence!.Value.Interval!.Value.Low.ShouldBeInRange(0, 0.36);
        summary.Success.Interval.ShouldBe(WilsonInterval.Of(2, 3));
    }

    [Fact]
    public void Where_no_face_is_found_nobody_passes_for_somebody_else()
    {
        var summary = Summary(AttackGoal.Impersonate,
            ("a", 0.9, TransferJudgement.Of(0.5, 1)), ("b", 0.8, TransferJudgement.NoFace("none")),
            ("c", 0.9, TransferJudgement.Of(2.5, 1)));
        (summary.Success.Count, summary.Success.Of).ShouldBe((1, 3));
        // P(different): 0.25, none, 0.75.
        summary.Confidence!.Value.Value.ShouldBe((0.25 + 0 + 0.75) / 3, 1e-9);
    }

    [Fact]
    public void A_judge_that_finds_no_face_in_a_clean_pair_is_wrong_of_it()
    {
        var clean = new CleanTransfer("tiny", "other", "mapped", "p", SamePerson: false, TransferJudgement.NoFace("none"));
        clean.Right.ShouldBe(false);
        clean.Judgement.RightConfidence(false).ShouldBe(0);
        (clean with { Judgement = TransferJudgement.Refused("size") }).Right.ShouldBeNull();
    }

    [Fact]
    public void An_image_that_nobody_judged_is_missing_and_in_no_mean()
    {
        var summary = Summary(
            AttackGoal.Anonymize, succeeded: "abz", ("a", 0.9, TransferJudgement.Of(1.6, 1)), ("b", 0.8, null), ("z", 0.7, null));
        (summary.Images, summary.Missing).ShouldBe((1, 2));
        summary.ConfidenceOfAll!.Value.Value.ShouldBe(0.4, 1e-9);
    }

    [Fact]
    public void Services_judge_by_their_own_threshold()
    {
        var answer = RemoteAnswer.Judged(0.7);
        ServiceJudge.Judgement(answer, 0.8).ShouldBe(new TransferJudgement(TransferOutcome.Judged, null, 0.7, false, ""));
        ServiceJudge.Judgement(answer, 0.7).Same.ShouldBe(true);
        ServiceJudge.Judgement(new(RemoteOutcome.NoFaceInProbe, null, ""), 0.5).Outcome.ShouldBe(TransferOutcome.NoFace);
        ServiceJudge.Judgement(new(RemoteOutcome.NoFaceInReference, null, "nobody"), 0.5).Reason.ShouldBe("nobody");
        ServiceJudge.Judgement(new(RemoteOutcome.ImageRefused, null, "5 MB"), 0.5).Same.ShouldBeNull();
    }

    private static TransferSummary Summary(AttackGoal goal, params (string Pair, double Clean, TransferJudgement? Image)[] pairs) =>
        Summary(goal, string.Concat(pairs.Where(p => p.Image is not null).Select(p => p.Pair)), pairs);

    /// <param name="goal">The goal.</param>
    /// <param name="succeeded">Pairs that the source attack fooled, a letter each.</param>
    /// <param name="pairs">Clean confidence in the right answer, and what the judge made of the image.</param>
    private static TransferSummary Summary(
        AttackGoal goal, string succeeded, params (string Pair, double Clean, TransferJudgement? Image)[] pairs)
    {
        var same = goal == AttackGoal.Anonymize;
        List<AttackRow> rows = [.. pairs.Select(p => Row(p.Pair, goal, succeeded.Contains(p.Pair[0])))];
        var run = new FakeRun
        {
            Rows = rows,
            RowsPlanned = rows.Count,
            Targets = [Other],
            CleanTransfers = [.. pairs.Select(p => new CleanTransfer("tiny", "other", "mapped", p.Pair, same, Clean(p.Clean, same)))],
            Transfers =
            [
                .. pairs.Zip(rows).Where(p => p.First.Image is not null)
                    .Select(p => new TransferRow(p.Second, "other", "mapped", p.First.Image!)),
            ],
        };
        return RunSummary.Of(run).Transfers.ShouldHaveSingleItem();
    }

    private static TransferJudgement Clean(double right, bool same)
    {
        var confidence = same ? right : 1 - right;
        return new TransferJudgement(TransferOutcome.Judged, null, confidence, confidence >= 0.5, "");
    }

    private static AttackRow Row(string pair, AttackGoal goal, bool success) => new()
    {
        Pair = pair,
        Goal = goal,
        Attack = "fgsm",
        Family = "minimal",
        Model = "tiny",
        Storage = "8bit",
        Threshold = 1,
        Success = success || pair == "g",
        AlreadyWrong = pair == "g",
        L2 = success ? 2 : pair == "g" ? 0 : null,
        Status = success ? "ok" : "failed",
    };
}
