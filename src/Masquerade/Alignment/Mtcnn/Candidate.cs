using System.Runtime.InteropServices;

namespace Masquerade.Alignment.Mtcnn;

/// <summary>A window that may hold a face, in pixels of the photograph.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Candidate(float Left, float Top, float Right, float Bottom, float Score)
{
    /// <summary>Moved by corrections that are fractions of its size.</summary>
    /// <param name="by">Of left, top, right and bottom.</param>
    /// <param name="extra">What the network adds to right − left to have the width.</param>
    public Candidate Corrected(ReadOnlySpan<float> by, float extra)
    {
        var (width, height) = (Right - Left + extra, Bottom - Top + extra);
        return new Candidate(Left + by[0] * width, Top + by[1] * height, Right + by[2] * width, Bottom + by[3] * height, Score);
    }

    /// <summary>The square with the same centre and its longer side.</summary>
    public Candidate Squared()
    {
        var (width, height) = (Right - Left, Bottom - Top);
        var side = Math.Max(width, height);
        var (left, top) = (Left + width * 0.5f - side * 0.5f, Top + height * 0.5f - side * 0.5f);
        return new Candidate(left, top, left + side, top + side, Score);
    }
}

/// <summary>Of windows that overlap the most probable stays.</summary>
internal static class NonMaximumSuppression
{
    /// <summary>Which stay where the overlap is a fraction of what both cover together.</summary>
    /// <param name="windows">Any order.</param>
    /// <param name="most">The largest overlap at which both stay.</param>
    /// <returns>Their places in the list, most probable first; of equals the one that comes first.</returns>
    public static List<int> OfUnion(ReadOnlySpan<Candidate> windows, float most) => Keep(windows, most, 0, smaller: false);

    /// <summary>Which stay where the overlap is a fraction of the smaller of both; sizes count both edges, as facenet-pytorch does here.</summary>
    /// <inheritdoc cref="OfUnion"/>
    public static List<int> OfSmaller(ReadOnlySpan<Candidate> windows, float most) => Keep(windows, most, 1, smaller: true);

    private static List<int> Keep(ReadOnlySpan<Candidate> windows, float most, float edge, bool smaller)
    {
        var scores = new float[windows.Length];
        for (var i = 0; i < scores.Length; i++) scores[i] = windows[i].Score;
        int[] order = [.. Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i])]; // stable
        var kept = new List<int>();
        foreach (var i in order)
        {
            var stays = true;
            foreach (var other in kept)
            {
                if (Overlap(windows[i], windows[other], edge, smaller) <= most) continue;
                stays = false;
                break;
            }
            if (stays) kept.Add(i);
        }
        return kept;
    }

    private static float Overlap(Candidate a, Candidate b, float edge, bool smaller)
    {
        var width = Math.Max(0, Math.Min(a.Right, b.Right) - Math.Max(a.Left, b.Left) + edge);
        var height = Math.Max(0, Math.Min(a.Bottom, b.Bottom) - Math.Max(a.Top, b.Top) + edge);
        var both = width * height;
        var (first, second) = (Area(a), Area(b));
        return both / (smaller ? Math.Min(first, second) : first + second - both);

        float Area(Candidate c) => (c.Right - c.Left + edge) * (c.Bottom - c.Top + edge);
    }
}
