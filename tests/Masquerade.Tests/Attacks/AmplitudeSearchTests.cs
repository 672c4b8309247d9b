using CsCheck;
using Masquerade.Attacks.Minimal;

namespace Masquerade.Tests.Attacks;

public class AmplitudeSearchTests
{
    [Fact]
    public void Finds_any_boundary_within_its_tolerance() =>
        Gen.Select(Gen.Double[0.001, 0.99], Gen.Double[0.001, 0.99]).Sample((boundary, start) =>
        {
            var search = new AmplitudeSearch(start, 1, 1.5, 0.01);
            var tries = 0;
            while (!search.Done)
            {
                var amplitude = search.Next;
                search.Report(amplitude, amplitude >= boundary);
                (++tries).ShouldBeLessThan(60);
            }
            search.Hit.ShouldBeInRange(boundary, boundary * 1.0101);
        });

    [Fact]
    public void On_a_grid_finds_the_first_level_that_hits_within_its_tolerance() =>
        Gen.Select(Gen.Int[1, 255], Gen.Double[0.0001, 1]).Sample((level, start) =>
        {
            var search = new AmplitudeSearch(start, 1, 1.5, 0.008, 1.0 / 255);
            for (var tries = 0; !search.Done; tries++)
            {
                tries.ShouldBeLessThan(40);
                var amplitude = search.Next;
                (amplitude * 255).ShouldBe(Math.Round(amplitude * 255), 1e-6);
                search.Report(amplitude, Math.Round(amplitude * 255) >= level);
            }
            // Among the highest levels the next one is within the tolerance too.
            Math.Round(search.Hit * 255).ShouldBeInRange(level, Math.Max(level, level * 1.008));
        });

    [Fact]
    public void Gives_up_at_the_largest_amplitude()
    {
        var search = new AmplitudeSearch(0.3, 1, 2, 0.01);
        var tried = new List<double>();
        while (!search.Done)
        {
            tried.Add(search.Next);
            search.Report(tried[^1], false);
        }
        tried.ShouldBe([0.3, 0.6, 1]);
        search.Found.ShouldBeFalse();
    }
}
