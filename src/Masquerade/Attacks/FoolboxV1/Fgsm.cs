using static TorchSharp.torch;

namespace Masquerade.Attacks.FoolboxV1;

/// <summary>
/// Fast gradient sign method as Foolbox 2's v1 attack runs it: one gradient, then growing steps along its sign until one fools the
/// verifier; a hit in the first twenty levels is refined once (Goodfellow et al., ICLR 2015; Rauber et al., 2017).
/// </summary>
/// <param name="Levels">Step sizes tried, evenly spaced up to 1.</param>
/// <param name="Refinement">Levels of the second pass, and how early a hit must be for it.</param>
public sealed record Fgsm(int Levels = 1000, int Refinement = 20) : Attack(Norm.Linf, Access.WhiteBox)
{
    /// <inheritdoc/>
    public override bool SearchesUnder8Bit => false;

    /// <inheritdoc/>
    protected override void Run(AttackProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        using var outer = NewDisposeScope();
        var (_, gradient) = problem.LossAndGradient();
        if (!problem.AnyActive) return;
        var sign = gradient.sign();
        var walks = new Walk[problem.Count];
        foreach (var pair in problem.Active) walks[pair] = new Walk(1.0, Levels);

        while (problem.AnyActive)
        {
            using var scope = NewDisposeScope();
            var steps = problem.Active.Select(p => (float)walks[p].Next()).ToArray();
            var fooled = problem.Try(problem.Clean.Plus(steps.PerImage() * sign));
            var finished = new bool[fooled.Length];
            for (var i = 0; i < finished.Length; i++)
            {
                var walk = walks[problem.Active[i]];
                finished[i] = fooled[i] || walk.Done;
                if (!fooled[i] || walk.Refined || walk.Level > Refinement) continue;
                walks[problem.Active[i]] = new Walk(walk.Step, Refinement) { Refined = true };
                finished[i] = false;
            }
            if (!Array.Exists(finished, f => f)) continue;
            sign = sign.Keep(finished).MoveToOuterDisposeScope();
            problem.Retire(finished);
        }
    }

    /// <summary>One pair's way through evenly spaced levels up to a largest step.</summary>
    private sealed class Walk(double largest, int levels)
    {
        public int Level { get; private set; }

        public bool Refined { get; init; }

        public bool Done => Level >= levels;

        public double Step => largest * Level / levels;

        public double Next()
        {
            Level++;
            return Step;
        }
    }
}
