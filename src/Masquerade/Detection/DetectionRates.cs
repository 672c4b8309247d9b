namespace Masquerade.Detection;

/// <summary>How well scores tell adversarial images from clean ones.</summary>
/// <param name="Clean">Clean images.</param>
/// <param name="Adversarial">Adversarial images.</param>
/// <param name="Auc">
/// Area under the ROC curve: how often an adversarial image has the higher score of the two; 0.5 for guessing. NaN without images.
/// </param>
/// <param name="AucError">Half of its 95 % interval (Hanley and McNeil, Radiology 1982).</param>
public sealed record DetectionRates(int Clean, int Adversarial, double Auc, double AucError)
{
    /// <summary>Measures scores.</summary>
    /// <param name="clean">Of clean images.</param>
    /// <param name="adversarial">Of adversarial ones.</param>
    public static DetectionRates Of(IReadOnlyList<float> clean, IReadOnlyList<float> adversarial)
    {
        ArgumentNullException.ThrowIfNull(clean);
        ArgumentNullException.ThrowIfNull(adversarial);
        if (clean.Count == 0 || adversarial.Count == 0) return new DetectionRates(clean.Count, adversarial.Count, double.NaN, double.NaN);
        var auc = Area(clean, adversarial);
        var (one, two) = (auc / (2 - auc), 2 * auc * auc / (1 + auc));
        var variance = (auc * (1 - auc) + (adversarial.Count - 1) * (one - auc * auc) + (clean.Count - 1) * (two - auc * auc))
            / ((double)clean.Count * adversarial.Count);
        return new DetectionRates(clean.Count, adversarial.Count, auc, 1.96 * Math.Sqrt(Math.Max(0, variance)));
    }

    /// <summary>The lowest threshold above which no more than a share of scores lies.</summary>
    /// <param name="clean">Scores of clean images, at least one.</param>
    /// <param name="falseAlarms">The share, in (0,1).</param>
    public static double Threshold(IReadOnlyList<float> clean, double falseAlarms)
    {
        ArgumentNullException.ThrowIfNull(clean);
        float[] sorted = [.. clean.OrderDescending()];
        // 0.29 of 100 are 29, and not 28 as the product in binary has it.
        return sorted[Math.Min(sorted.Length - 1, (int)Math.Floor(falseAlarms * sorted.Length * (1 + 1e-12)))];
    }

    /// <summary>From the ranks of all scores (Mann and Whitney, 1947); a tie counts half.</summary>
    private static double Area(IReadOnlyList<float> clean, IReadOnlyList<float> adversarial)
    {
        var all = clean.Select(s => (Score: s, Attacked: false)).Concat(adversarial.Select(s => (Score: s, Attacked: true))).OrderBy(s => s.Score).ToArray();
        double wins = 0;
        long below = 0;
        for (var at = 0; at < all.Length;)
        {
            var (score, attacked, innocent) = (all[at].Score, 0L, 0L);
            for (; at < all.Length && all[at].Score == score; at++)
            {
                if (all[at].Attacked) attacked++;
                else innocent++;
            }
            wins += attacked * (below + innocent / 2.0);
            below += innocent;
        }
        return wins / ((double)clean.Count * adversarial.Count);
    }
}
