using CsCheck;
using Masquerade.Alignment.Mtcnn;

namespace Masquerade.Tests.Alignment.Mtcnn;

public class NonMaximumSuppressionTests
{
    private static readonly Gen<Candidate> Window = Gen.Select(Gen.Int[0, 30], Gen.Int[0, 30], Gen.Int[1, 20], Gen.Int[1, 20], Gen.Int[0, 9],
        (left, top, width, height, score) => new Candidate(left, top, left + width, top + height, score / 10f));

    [Fact]
    public void Of_two_the_surer_stays_and_of_equals_the_first()
    {
        Candidate[] windows = [new(0, 0, 10, 10, 0.5f), new(1, 0, 11, 10, 0.9f), new(40, 0, 50, 10, 0.5f), new(40, 0, 50, 10, 0.5f)];
        NonMaximumSuppression.OfUnion(windows, 0.5f).ShouldBe([1, 2]);
    }

    [Fact]
    public void A_window_within_another_goes_where_the_smaller_counts()
    {
        Candidate[] windows = [new(0, 0, 99, 99, 0.9f), new(20, 20, 29, 29, 0.8f)];
        NonMaximumSuppression.OfUnion(windows, 0.7f).ShouldBe([0, 1]);
        NonMaximumSuppression.OfSmaller(windows, 0.7f).ShouldBe([0]);
    }

    [Fact]
    public void What_stays_is_what_counting_pixels_keeps() => Window.Array[0, 25].Sample(windows =>
    {
        foreach (var most in (float[])[0.3f, 0.7f])
        {
            // Windows of whole pixels: an overlap is a count of them; with both edges counted there is one more each way.
            NonMaximumSuppression.OfUnion(windows, most).ShouldBe(Greedy(windows, most, 0, (one, both) => both / (one.Mine + one.Other - both)));
            NonMaximumSuppression.OfSmaller(windows, most).ShouldBe(Greedy(windows, most, 1, (one, both) => both / Math.Min(one.Mine, one.Other)));
        }
    }, iter: 100);

    private static List<int> Greedy(Candidate[] windows, float most, int edge, Func<(float Mine, float Other), float, float> overlap)
    {
        var left = Enumerable.Range(0, windows.Length).OrderByDescending(i => windows[i].Score).ToList();
        var kept = new List<int>();
        while (left.Count > 0)
        {
            var best = left[0];
            kept.Add(best);
            var mine = Pixels(windows[best], edge);
            left.RemoveAll(i =>
            {
                var other = Pixels(windows[i], edge);
                return i == best || overlap((mine.Count, other.Count), mine.Intersect(other).Count()) > most;
            });
        }
        return kept;
    }

    private static HashSet<(int, int)> Pixels(Candidate window, int edge)
    {
        var pixels = new HashSet<(int, int)>();
        for (var x = (int)window.Left; x < window.Right + edge; x++)
        {
            for (var y = (int)window.Top; y < window.Bottom + edge; y++) pixels.Add((x, y));
        }
        return pixels;
    }
}
