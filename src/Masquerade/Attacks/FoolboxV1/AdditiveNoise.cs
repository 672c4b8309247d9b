using static TorchSharp.torch;

namespace Masquerade.Attacks.FoolboxV1;

/// <summary>
/// Noise of growing amplitude, drawn anew at each level until one draw fools the verifier, as Foolbox 2's v1 attacks do it. The amplitude ε
/// enters twice: noise of amplitude ε is multiplied by ε (Rauber et al., 2017).
/// </summary>
/// <param name="Kind">The distribution.</param>
/// <param name="Levels">Amplitudes tried, evenly spaced up to 1.</param>
public sealed record AdditiveNoise(NoiseKind Kind, int Levels = 1000) : Attack(Norm.L2, Access.Decision)
{
    /// <inheritdoc/>
    public override bool SearchesUnder8Bit => false;

    /// <inheritdoc/>
    protected override void Run(AttackProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        var generators = Enumerable.Range(0, problem.Count).Select(p => problem.Random($"foolbox-v1/{Kind}", p)).ToArray();
        for (var level = 1; level <= Levels && problem.AnyActive; level++)
        {
            using var scope = NewDisposeScope();
            var epsilon = (double)level / Levels;
            var noise = Noise.Draw(Kind, [.. problem.Active.Select(p => (generators[p], level))], problem.Clean.shape.AsSpan(1));
            problem.Retire(problem.Try(noise.Times_((float)(epsilon * epsilon)).Plus_(problem.Clean)));
        }
    }
}
