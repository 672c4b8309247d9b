namespace Masquerade.Detection;

/// <summary>How many adversarial images a detector refuses at every share of false alarms: its receiver operating characteristic.</summary>
public sealed class RocCurve
{
    private readonly float[] _clean;
    private readonly float[] _adversarial;

    private RocCurve(float[] clean, float[] adversarial) => (_clean, _adversarial) = (clean, adversarial);

    /// <summary>Clean images.</summary>
    public int Clean => _clean.Length;

    /// <summary>Adversarial images.</summary>
    public int Adversarial => _adversarial.Length;

    /// <summary>The curve of scores.</summary>
    /// <param name="clean">Of clean images, at least one.</param>
    /// <param name="adversarial">Of adversarial ones, at least one.</param>
    public static RocCurve Of(IReadOnlyList<float> clean, IReadOnlyList<float> adversarial)
    {
        ArgumentNullException.ThrowIfNull(clean);
        ArgumentNullException.ThrowIfNull(adversarial);
        if (clean.Count == 0 || adversarial.Count == 0) throw new ArgumentException("a curve is of clean and adversarial images");
        return new RocCurve([.. clean.OrderDescending()], [.. adversarial.OrderDescending()]);
    }

    /// <summary>Adversarial images that are refused where no more than a share of the clean ones is.</summary>
    /// <param name="falseAlarms">The share, in (0,1).</param>
    public int DetectedAt(double falseAlarms) => Above(_adversarial, (float)DetectionRates.Threshold(_clean, falseAlarms));

    /// <summary>
    /// The corners: shares of clean and adversarial images that are refused as the threshold sinks, from the highest score of a clean image
    /// (no false alarm) to below all (everything refused).
    /// </summary>
    public IReadOnlyList<(double FalseAlarms, double Detected)> Corners()
    {
        var corners = new List<(double, double)>();
        for (var refused = 0; refused < _clean.Length;)
        {
            corners.Add((refused / (double)_clean.Length, Above(_adversarial, _clean[refused]) / (double)_adversarial.Length));
            // Equal scores are refused together.
            var score = _clean[refused];
            while (refused < _clean.Length && _clean[refused] == score) refused++;
        }
        corners.Add((1, 1));
        return corners;
    }

    /// <summary>How many scores, in falling order, are above a threshold.</summary>
    private static int Above(float[] scores, float threshold)
    {
        var (low, high) = (0, scores.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (scores[middle] > threshold) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
