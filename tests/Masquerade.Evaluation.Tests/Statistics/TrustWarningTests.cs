using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Tests.Reporting;
using Masquerade.Evaluation.Tests.Runs;
using Masquerade.Evaluation.Tests.Statistics.Defenses;

namespace Masquerade.Evaluation.Tests.Statistics;

public class TrustWarningTests
{
    private const double None = double.PositiveInfinity;
    private static readonly DefenseFact Fact = new("m", "d", "exact", 1, false, 0.001, 0.01);
    private static readonly DefenseFact Random = Fact with { IsRandom = true, Samples = 4 };

    [Fact]
    public void A_sound_evaluation_has_no_warnings() => RunSummary.Of(FakeRun.Defended()).TrustWarnings.Select(w => w.Text).ShouldBeEmpty();

    [Fact]
    public void A_warning_names_model_defense_and_goal_and_says_what_to_do()
    {
        var warning = Warnings([.. Sound(), .. Zero(0.5, 0.5)]).ShouldHaveSingleItem();
        (warning.Model, warning.Defense, warning.Goal).ShouldBe(("m", "d", AttackGoal.Anonymize));
        warning.Text.ShouldBe("m, d, anonymization: attackers who do not know it needed a median norm of 0.50, those who do 2.00; the "
            + "stronger of the two counts for each pair, and attacks through it must be made stronger.");
    }

    [Theory]
    [InlineData(0.0, true)]
    [InlineData(0.3, false)]
    public void A_gradient_of_nothing(double norm, bool warns) => Expect(TrustWarningKind.ZeroGradient, warns,
        Warnings(Sound(), Fact, [Check(norm: norm), Check()]));

    [Fact]
    public void Attacks_that_ended_for_want_of_a_gradient()
    {
        var rows = Sound();
        rows[^1] = rows[^1] with { Success = false, L2 = null, Status = "failed", Reason = "zero-gradient; near-threshold" };
        Expect(TrustWarningKind.ZeroGradient, true, Warnings(rows));
        Expect(TrustWarningKind.ZeroGradient, true, Warnings(rows, Fact, [Check(norm: 0), .. Enumerable.Repeat(Check(), 40)]));
        Warnings(rows, Fact, [Check(norm: 0)]).Count(w => w.Kind == TrustWarningKind.ZeroGradient).ShouldBe(1, "once is enough");
        rows[^1] = rows[^1] with { Reason = "near-threshold" };
        Expect(TrustWarningKind.ZeroGradient, false, Warnings(rows));
    }

    [Fact]
    public void Attacks_on_a_bare_model_that_ended_for_want_of_a_gradient()
    {
        var run = FakeRun.Defended();
        RunSummary.Of(run).TrustWarnings.ShouldBeEmpty();
        AttackRow[] rows = [.. run.Rows];
        var at = Array.FindIndex(rows, r => r.Defense.Length == 0 && r.Goal == AttackGoal.Impersonate && !r.AlreadyWrong);
        rows[at] = rows[at] with { Success = false, L2 = null, Status = "failed", Reason = "zero-gradient" };
        var warning = RunSummary.Of(new FakeRun { Rows = rows, RowsPlanned = rows.Length, Defenses = run.Defenses, CleanScores = run.CleanScores })
            .TrustWarnings[0];
        (warning.Kind, warning.Model, warning.Defense, warning.Goal)
            .ShouldBe((TrustWarningKind.ZeroGradient, rows[at].Model, "", AttackGoal.Impersonate));
        warning.Text.ShouldContain($"attacks ended for want of a gradient on 1 of ");
        warning.Text.ShouldContain($"({rows[at].Family}/{rows[at].Attack})");
    }

    [Theory]
    [InlineData(0.2, true)]
    [InlineData(0.6, false)]
    public void A_gradient_that_is_mostly_noise(double cosine, bool warns) => Expect(TrustWarningKind.NoisyGradient, warns,
        Warnings(Sound(), Random, [Check(repeatability: cosine), Check(repeatability: cosine), Check(repeatability: 1)]));

    [Theory]
    [InlineData(-0.1, true)]
    [InlineData(0.3, true)]
    [InlineData(0.8, false)]
    [InlineData(1.4, false)]
    [InlineData(2.5, true)]
    public void A_gradient_that_leads_astray(double agreement, bool warns) => Expect(TrustWarningKind.WrongGradient, warns,
        Warnings(Sound(), Fact, [Check(agreement: agreement), Check(agreement: agreement), Check(norm: 0, agreement: double.NaN)]));

    [Fact]
    public void Knowing_more_and_doing_worse()
    {
        Expect(TrustWarningKind.PerfectWeakerThanZero, true, Warnings([.. Sound(), .. Zero(1.9, 1.9)]));
        Expect(TrustWarningKind.PerfectWeakerThanZero, false, Warnings([.. Sound(), .. Zero(1.99, 1.99)]));
        Expect(TrustWarningKind.PerfectWeakerThanZero, false, Warnings([.. Sound(), .. Zero(0.1, None)]));
        // More pairs fooled says it too, whatever the norms.
        var rows = Rows("minimal/deepfool", "", "", 1, 1).Concat(Rows("minimal/deepfool", "d", "perfect", 2, None)).ToArray();
        Expect(TrustWarningKind.PerfectWeakerThanZero, true, Warnings([.. rows, .. Zero(5, 5)]));
    }

    [Fact]
    public void A_random_defense_and_a_single_draw()
    {
        AttackRow[] judged = [.. Sound().Select(r => r with { FooledShare = 0.7 })];
        Expect(TrustWarningKind.OneSample, false, Warnings(judged, Random));
        Expect(TrustWarningKind.OneSample, true, Warnings(judged, Random with { Samples = 1 }));
        Expect(TrustWarningKind.OneSample, true, Warnings(Sound(), Random));
        Expect(TrustWarningKind.OneSample, false, Warnings(Sound(), Fact));
    }

    [Fact]
    public void A_white_box_attack_that_no_norm_limits_must_succeed()
    {
        AttackRow[] bare = [.. Rows("minimal/deepfool", "", "", 1, 1), .. Rows("minimal/uniform", "", "", 1, 1)];
        var failed = Warnings(
            [.. bare, .. Rows("minimal/deepfool", "d", "perfect", 2, None), .. Rows("minimal/uniform", "d", "perfect", 1, 1)]);
        Expect(TrustWarningKind.SuccessStopsGrowing, true, failed);
        failed.Single(w => w.Kind == TrustWarningKind.SuccessStopsGrowing).Text
            .ShouldContain("fooled 1 of 2 pairs though no norm limits them");
        Expect(TrustWarningKind.SuccessStopsGrowing, false, Warnings(
            [.. bare, .. Rows("minimal/deepfool", "d", "perfect", 2, None), .. Rows("minimal/fgsm", "d", "perfect", None, 2)]));
    }

    [Theory]
    [InlineData(0.08, true)]
    [InlineData(0.03, false)]
    public void An_attack_that_was_still_getting_better(double gain, bool warns)
    {
        AttackRow[] rows =
        [
            .. Sound(), .. Rows("strong/fmn", "d", "perfect", 2, 2).Select(r => r with { LateGain = gain }),
            // Attacks of a single line have nothing to converge, and images made elsewhere neither.
            .. Rows("minimal/fgsm", "d", "perfect", 2, 2).Select(r => r with { LateGain = 1 }),
            // What PGD keeps small in L∞ is another norm.
            .. Rows("strong/pgd-linf", "d", "perfect", 2, 2).Select(r => r with { LateGain = 1 }),
        ];
        Expect(TrustWarningKind.NotConverged, warns, Warnings(rows));
        // The bare verifier is what defenses are compared with.
        rows = [.. Sound(), .. Rows("strong/fmn", "", "", 1, 1).Select(r => r with { LateGain = gain })];
        Expect(TrustWarningKind.NotConverged, warns, Warnings(rows));
    }

    [Fact]
    public void Only_attacks_without_gradients()
    {
        AttackRow[] rows = [.. Rows("minimal/uniform", "", "", 1, 1), .. Rows("minimal/uniform", "d", "perfect", 1, 1)];
        Expect(TrustWarningKind.NoGradientAttack, true, Warnings(rows));
        Expect(TrustWarningKind.NoGradientAttack, false, Warnings([.. rows, .. Rows("minimal/fgsm", "d", "perfect", 1, 1)]));
    }

    [Fact]
    public void Zero_knowledge_only()
    {
        AttackRow[] rows = [.. Rows("minimal/fgsm", "", "", 1, 1), .. Rows("minimal/fgsm", "d", "zero", None, None)];
        var warnings = Warnings(rows);
        Expect(TrustWarningKind.ZeroKnowledgeOnly, true, warnings);
        warnings.ShouldHaveSingleItem().Text.ShouldStartWith("m, d, both goals: only attackers who do not know it were tried");
        Expect(TrustWarningKind.ZeroKnowledgeOnly, false, Warnings([.. rows, .. Rows("minimal/fgsm", "d", "perfect", 1, 1)]));
    }

    private static AttackRow[] Sound() => [.. Rows("minimal/deepfool", "", "", 1, 1), .. Rows("minimal/deepfool", "d", "perfect", 2, 2)];

    private static IEnumerable<AttackRow> Zero(params double[] norms) => Rows("minimal/deepfool", "d", "zero", norms);

    private static IEnumerable<AttackRow> Rows(string attack, string defense, string knowledge, params double[] norms) =>
        DefenseMatrixTests.Rows(attack, defense, knowledge, norms);

    private static GradientCheck Check(double norm = 1, double repeatability = 1, double agreement = 1) =>
        new("m", "d", "pair", norm, repeatability, agreement);

    private static void Expect(TrustWarningKind kind, bool warns, IReadOnlyList<TrustWarning> warnings) =>
        warnings.Any(w => w.Kind == kind).ShouldBe(warns, string.Join('\n', warnings.Select(w => w.Text)));

    private static IReadOnlyList<TrustWarning> Warnings(AttackRow[] rows, DefenseFact? fact = null, GradientCheck[]? checks = null) =>
        RunSummary.Of(new FakeRun
        {
            Rows = rows,
            RowsPlanned = rows.Length,
            Defenses = [fact ?? Fact],
            GradientChecks = checks ?? [],
        }).TrustWarnings;
}
