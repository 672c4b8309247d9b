using Masquerade.Training.Detectors;

namespace Masquerade.Training.Tests.Detectors;

public sealed class SupportVectorsTests
{
    [Fact]
    public void Two_points_have_the_closed_form()
    {
        // Of points at distance 1: α of both is 1/(1 − k), as both margins are 1, and the bias is 0.
        var k = Math.Exp(-0.5);
        var machine = SupportVectors.Train([[0f], [1f]], [true, false], cost: 100, gamma: 0.5);
        machine.Weights.Count.ShouldBe(2);
        machine.Weights[0].ShouldBe(1 / (1 - k), 1e-3);
        machine.Weights[1].ShouldBe(-1 / (1 - k), 1e-3);
        machine.Bias.ShouldBe(0, 1e-3);
        machine.Decide([0f]).ShouldBe(1, 2e-3);
        machine.Decide([0.5f]).ShouldBe(0, 1e-3);
    }

    [Fact]
    public void Exclusive_or_is_learned()
    {
        float[][] corners = [[0, 0], [0, 1], [1, 0], [1, 1]];
        bool[] odd = [false, true, true, false];
        var machine = SupportVectors.Train(corners, odd, cost: 10, gamma: 2);
        for (var i = 0; i < 4; i++) machine.Decide(corners[i]).ShouldBe(odd[i] ? 1 : -1, 2e-3);
    }

    [Theory]
    [InlineData(60, 3, 1, 0.3, 1.0)]
    [InlineData(150, 8, 1, 0.05, 0.3)] // classes that overlap much
    [InlineData(100, 4, 20, 0.5, 2.0)]
    public void The_optimum_is_reached(int count, int width, double cost, double gamma, double apart)
    {
        var random = new Random(count);
        bool[] positive = [.. Enumerable.Range(0, count).Select(i => i % 3 == 0)];
        float[][] rows = [.. positive.Select(p => Enumerable.Range(0, width)
            .Select(_ => (float)(random.NextDouble() + random.NextDouble() - 1 + (p ? apart : 0))).ToArray())];
        var machine = SupportVectors.Train(rows, positive, cost, gamma);
        machine.Gamma.ShouldBe(gamma);
        machine.Weights.Sum().ShouldBe(0, 1e-6);
        machine.Weights.ShouldAllBe(w => Math.Abs(w) <= cost);
        var weights = machine.Vectors.Zip(machine.Weights).ToDictionary(v => v.First, v => v.Second);
        var (free, bound) = (0, 0);
        foreach (var (row, sign) in rows.Zip(positive.Select(p => p ? 1 : -1)))
        {
            // The conditions of Karush, Kuhn and Tucker, with alpha = sign · weight.
            var (alpha, margin) = (sign * weights.GetValueOrDefault(row), sign * machine.Decide(row));
            alpha.ShouldBeGreaterThanOrEqualTo(0);
            if (alpha == 0) margin.ShouldBeGreaterThan(1 - 3e-3);
            else if (alpha > cost - 1e-9) { margin.ShouldBeLessThan(1 + 3e-3); bound++; }
            else { margin.ShouldBe(1, 3e-3); free++; }
        }
        free.ShouldBeGreaterThan(0);
        if (apart < 1) bound.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Points_that_cannot_be_told_apart_end_in_a_tie()
    {
        var machine = SupportVectors.Train([[1f, 2f], [1f, 2f], [1f, 2f], [1f, 2f]], [true, false, true, false], cost: 1, gamma: 1);
        machine.Decide([1f, 2f]).ShouldBe(0, 1e-6);
    }
}
