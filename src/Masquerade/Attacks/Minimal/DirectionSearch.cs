using static TorchSharp.torch;

namespace Masquerade.Attacks.Minimal;

/// <summary>Searches along one direction for each active pair, all in step; pairs whose search is over leave the batch.</summary>
internal static class DirectionSearch
{
    /// <param name="problem">The batch under attack.</param>
    /// <param name="directions">One direction for each active pair, [n,3,H,W].</param>
    /// <param name="search">Makes the search of an active pair, by its place in the problem.</param>
    /// <param name="mostTries">Most forward passes of an active pair, by its place in the problem; none takes it out at once.</param>
    public static void Run(AttackProblem problem, Tensor directions, Func<int, AmplitudeSearch> search, Func<int, int> mostTries)
    {
        using var outer = NewDisposeScope();
        var searches = problem.Active.ToDictionary(p => p, search);
        var tries = problem.Active.ToDictionary(p => p, mostTries);
        while (true)
        {
            using var scope = NewDisposeScope();
            var finished = problem.Active.Select(p => searches[p].Done || tries[p]-- <= 0).ToArray();
            if (Array.Exists(finished, f => f))
            {
                directions = directions.Keep(finished).MoveToOuterDisposeScope();
                problem.Retire(finished);
            }
            if (!problem.AnyActive) return;
            var amplitudes = problem.Active.Select(p => searches[p].Next).ToArray();
            var hits = problem.Try(problem.Clean.Plus(Array.ConvertAll(amplitudes, a => (float)a).PerImage() * directions));
            for (var i = 0; i < hits.Length; i++) searches[problem.Active[i]].Report(amplitudes[i], hits[i]);
        }
    }
}
