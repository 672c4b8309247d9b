namespace Masquerade.Attacks;

/// <summary>
/// What an attack may spend on each pair: so many looks, a gradient counting as one, and never more passes than a limit. Behind a random
/// defense a look costs several passes, and the limit decides.
/// </summary>
/// <param name="problem">The batch under attack.</param>
/// <param name="looks">Most looks and gradients of a pair, the clean look included.</param>
/// <param name="mostCalls">Most passes of a pair, forward and backward.</param>
internal sealed class CallBudget(AttackProblem problem, int looks, int mostCalls)
{
    /// <summary>Passes that one pair may cost in all where nobody says otherwise.</summary>
    public const int UsualMostCalls = 200;

    private readonly long _calls = Math.Min(mostCalls, (long)looks * problem.CallsPerLook);

    /// <summary>Looks and gradients that a pair may cost in all.</summary>
    public int Looks => (int)(_calls / problem.CallsPerLook);

    /// <summary>Looks and gradients that are left to a pair, by its place in the problem.</summary>
    public int LooksLeft(int pair) => (int)((_calls - Calls(pair)) / problem.CallsPerLook);

    /// <summary>What share of its budget a pair has spent, in [0,1].</summary>
    public double Spent(int pair) => (double)Calls(pair) / _calls;

    private long Calls(int pair)
    {
        var (forwards, backwards) = problem.Cost(pair);
        return forwards + backwards;
    }
}
