using Masquerade.Attacks;
using Masquerade.Attacks.Minimal;
using Masquerade.Attacks.Strong;
using FoolboxV1 = Masquerade.Attacks.FoolboxV1;

namespace Masquerade.Evaluation.Experiments;

/// <summary>An attack under the name that users, ledgers and reports know.</summary>
/// <param name="Family">The family, as <c>minimal</c>.</param>
/// <param name="Name">The name in its family, as <c>deepfool</c>.</param>
/// <param name="Attack">The attack with its default parameters.</param>
/// <param name="TypicalForwards">Forward passes that a pair typically costs; for forecasts only.</param>
/// <param name="TypicalBackwards">Gradients that a pair typically costs; for forecasts only.</param>
public sealed record RegisteredAttack(string Family, string Name, Attack Attack, double TypicalForwards, double TypicalBackwards)
{
    /// <summary>family/name.</summary>
    public string FullName => $"{Family}/{Name}";
}

/// <summary>Names become attacks here, and nowhere else. A new attack is one file and one line below.</summary>
public static class AttackRegistry
{
    /// <summary>Every attack, in the order of reports.</summary>
    public static IReadOnlyList<RegisteredAttack> All { get; } =
    [
        new("foolbox-v1", "fgsm", new FoolboxV1.Fgsm(), 26, 1),
        new("foolbox-v1", "deepfool", new FoolboxV1.DeepFool(), 4, 3),
        new("foolbox-v1", "uniform", new FoolboxV1.AdditiveNoise(NoiseKind.Uniform), 750, 0),
        new("foolbox-v1", "gaussian", new FoolboxV1.AdditiveNoise(NoiseKind.Gaussian), 750, 0),
        new("minimal", "fgsm", new MinimalFgsm(), 13, 1),
        new("minimal", "deepfool", new MinimalDeepFool(), 10, 4),
        new("minimal", "uniform", new MinimalNoise(NoiseKind.Uniform), 25, 0),
        new("minimal", "gaussian", new MinimalNoise(NoiseKind.Gaussian), 25, 0),
        new("strong", "fmn", new FastMinimumNorm(), 16, 44),
        new("strong", "pgd-l2",
            new BisectedPgd(Norm.L2, Steps: 6, Restarts: 2, Tolerance: 0.01, Quick: true, Looks: 40, CallBudget.UsualMostCalls), 8, 31),
        new("strong", "pgd-linf",
            new BisectedPgd(Norm.Linf, Steps: 8, Restarts: 2, Tolerance: 0.01, Quick: true, Looks: 50, CallBudget.UsualMostCalls), 8, 40),
        // For many pairs: within 1 % of strong/fmn's norms where gradients are smooth, within 4 % elsewhere, in 40 % of its calls.
        new("quick", "fmn", new FastMinimumNorm(Looks: 24), 10, 14),
        // Where images may be refused, attacks that mind both boundaries at once.
        new("joint", "penalty", new PenaltyAttack(), 12, 60),
        new("joint", "orthogonal", new FastMinimumNorm(Orthogonal: true), 16, 44),
        new("thorough", "pgd", new BisectedPgd(), 10, 1000),
    ];

    /// <summary>Finds attacks by <c>family/attack</c>, <c>family</c> or <c>attack</c>, each once, in the order of reports.</summary>
    /// <exception cref="InputException">No names, or a name that nothing has.</exception>
    public static IReadOnlyList<RegisteredAttack> Resolve(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count == 0) throw new InputException($"no attacks are named; known are {Known}");
        foreach (var name in names)
        {
            if (!All.Any(a => Answers(a, name)))
                throw new InputException($"no attack '{name}'; known are {Known}, and the families by themselves");
        }
        return [.. All.Where(a => names.Any(n => Answers(a, n)))];
    }

    private static string Known => string.Join(", ", All.Select(a => a.FullName));

    private static bool Answers(RegisteredAttack attack, string name) =>
        name == attack.Family || name == attack.Name || name == attack.FullName;
}
