namespace Masquerade.Attacks;

/// <summary>The norm that an attack keeps small.</summary>
public enum Norm
{
    /// <summary>Euclidean.</summary>
    L2,

    /// <summary>Largest absolute change of a value.</summary>
    Linf,
}

/// <summary>What an attack must be able to ask of the verifier.</summary>
public enum Access
{
    /// <summary>Gradients.</summary>
    WhiteBox,

    /// <summary>Distances or probabilities.</summary>
    Score,

    /// <summary>The decision only.</summary>
    Decision,
}

/// <summary>
/// An attack: its parameters are its properties. This class keeps the books, together with <see cref="AttackProblem"/>: clean probes are
/// judged first and pairs already wrong are set aside, every evaluation is counted, the smallest adversarial image that any evaluation saw
/// is kept, and finished pairs leave the batch. A subclass writes <see cref="Run"/>.
/// </summary>
/// <param name="Norm">The norm that it keeps small.</param>
/// <param name="Access">What it needs of the verifier.</param>
public abstract record Attack(Norm Norm, Access Access)
{
    /// <summary>Whether it can search under the rule that only 8-bit images count.</summary>
    public virtual bool SearchesUnder8Bit => true;

    /// <summary>
    /// Whether it spends its calls evenly on coming closer, so that a large <see cref="AttackResult.LateGain"/> means that it has not
    /// converged.
    /// </summary>
    public virtual bool Anytime => false;

    /// <summary>Attacks every pair of the problem.</summary>
    /// <param name="problem">A fresh problem; an attack runs on it once.</param>
    /// <returns>One result a pair, in the problem's order.</returns>
    /// <exception cref="InputException">The attack needs gradients and the embedder has none.</exception>
    /// <exception cref="OperationCanceledException">The run was interrupted.</exception>
    public IReadOnlyList<AttackResult> Execute(AttackProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        if (Access == Access.WhiteBox && !problem.IsDifferentiable)
            throw new InputException($"{GetType().Name} needs gradients and this model has none; choose attacks that need no gradient");
        problem.JudgeClean();
        if (problem.AnyActive) Run(problem);
        return problem.Finish();
    }

    /// <summary>Searches from <see cref="AttackProblem.Clean"/> for adversarial images of the active pairs.</summary>
    /// <param name="problem">The batch under attack.</param>
    protected abstract void Run(AttackProblem problem);
}
