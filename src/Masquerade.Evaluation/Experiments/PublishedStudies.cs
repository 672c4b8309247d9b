using Masquerade.Attacks;

namespace Masquerade.Evaluation.Experiments;

/// <summary>What a study published of one attack and goal.</summary>
/// <param name="Attack">family/attack.</param>
/// <param name="Goal">What the attacker wanted.</param>
/// <param name="Success">Share of the pairs that were fooled, in [0,1].</param>
/// <param name="Below5">Share fooled with an L2 norm below 5.</param>
/// <param name="Below1">Share fooled with an L2 norm below 1.</param>
/// <param name="MeanL2">Mean L2 norm of the successes.</param>
public sealed record PublishedOutcome(string Attack, AttackGoal Goal, double Success, double Below5, double Below1, double MeanL2);

/// <summary>A study whose table a run's results can be shown beside.</summary>
/// <param name="Name">Its name in experiments.</param>
/// <param name="Title">Its name in reports.</param>
/// <param name="Setting">What it attacked, in a sentence.</param>
/// <param name="Remark">What else must be known to compare with it, in a sentence or two.</param>
/// <param name="Storage">The rule that its images were judged under.</param>
/// <param name="Outcomes">The table, in its order; pairs wrong before the attack count as successes of norm 0.</param>
public sealed record PublishedStudy(
    string Name, string Title, string Setting, string Remark, string Storage, IReadOnlyList<PublishedOutcome> Outcomes);

/// <summary>Published numbers, and nowhere else.</summary>
public static class PublishedStudies
{
    /// <summary>
    /// The study of 2019 that this project starts from: Foolbox 2's attacks on FaceNet 20180402-114759 over 50 pairs of LFW. Shares were
    /// published in per cent with two digits, most of them cut off.
    /// </summary>
    public static PublishedStudy Study2019 { get; } = new(
        "study-2019",
        "the study of 2019",
        "FaceNet 20180402-114759 at a threshold of 0.99, on 50 pairs of LFW, 26 of the same person and 24 of different persons, of which "
        + "one is wrong before any attack",
        "A second run of the study fooled 100% / 0% with uniform and 100% / 4.2% with Gaussian noise. The study did not round its probes "
        + "to 8 bits.",
        StorageNames.Float,
        [
            Row("fgsm", AttackGoal.Anonymize, 100, 100, 50, 1.23),
            Row("fgsm", AttackGoal.Impersonate, 79.17, 75, 16.66, 2.41),
            Row("deepfool", AttackGoal.Anonymize, 100, 100, 92.31, 0.50),
            Row("deepfool", AttackGoal.Impersonate, 100, 100, 70.83, 0.90),
            Row("uniform", AttackGoal.Anonymize, 100, 7.69, 3.84, 33.89),
            Row("uniform", AttackGoal.Impersonate, 4.16, 0, 0, 11.42),
            Row("gaussian", AttackGoal.Anonymize, 100, 7.69, 3.84, 33.36),
            Row("gaussian", AttackGoal.Impersonate, 8.33, 0, 0, 22.47),
        ]);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<PublishedStudy> All { get; } = [Study2019];

    /// <summary>The study of a name.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static PublishedStudy Find(string name) => All.FirstOrDefault(s => s.Name == name) ?? throw new InputException(
        $"no published results '{name}' to compare with; known are {string.Join(", ", All.Select(s => s.Name))}");

    private static PublishedOutcome Row(string attack, AttackGoal goal, double success, double below5, double below1, double mean) =>
        new($"foolbox-v1/{attack}", goal, success / 100, below5 / 100, below1 / 100, mean);
}
