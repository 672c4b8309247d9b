namespace Masquerade.Verification;

/// <summary>
/// A verifier as a two-class classifier, the form that classifier attacks need. With squared distance d and threshold t,
/// P(different) = s = 0.5·d/t for d ≤ t, else 0.5 + 0.5·(d−t)/(4−t), kept within [10⁻¹², 1−10⁻¹²]; P(same) = 1−s. A tie is "same".
/// </summary>
public readonly record struct PairClassifier(double Threshold)
{
    /// <summary>
    /// Distances this close to the threshold are called near: the last digits of a network's output depend on how many images and threads
    /// it runs with, and may put them on either side.
    /// </summary>
    public const double NearThreshold = 1e-4;

    private const double Least = 1e-12;

    /// <summary>P(different) for a squared distance in [0,4].</summary>
    public double Different(double distance) => Math.Clamp(Unclipped(distance), Least, 1 - Least);

    /// <summary>Whether the predicted class is not the true one.</summary>
    public bool IsWrong(double distance, bool samePerson) => new DecisionRule(Threshold).AttackerWins(samePerson, distance);

    /// <summary>Whether a distance lies within <see cref="NearThreshold"/> of the threshold.</summary>
    public bool IsNear(double distance) => Math.Abs(distance - Threshold) <= NearThreshold;

    /// <summary>Cross-entropy of the true class.</summary>
    public double Loss(double distance, bool samePerson)
    {
        var s = Different(distance);
        return samePerson ? -Math.Log(1 - s) : -Math.Log(s);
    }

    /// <summary>ln P(true class) − ln P(other class): positive while the verifier is right, negative once it is fooled.</summary>
    public double Margin(double distance, bool samePerson)
    {
        var s = Different(distance);
        var same = Math.Log(1 - s) - Math.Log(s);
        return samePerson ? same : -same;
    }

    /// <summary>∂Loss/∂d; zero where s is clipped.</summary>
    public double LossSlope(double distance, bool samePerson)
    {
        var s = Different(distance);
        return Slope(distance) * (samePerson ? 1 / (1 - s) : -1 / s);
    }

    /// <summary>∂Margin/∂d; zero where s is clipped.</summary>
    public double MarginSlope(double distance, bool samePerson)
    {
        var s = Different(distance);
        var same = -Slope(distance) / (s * (1 - s));
        return samePerson ? same : -same;
    }

    private double Unclipped(double distance) => distance <= Threshold
        ? 0.5 * distance / Threshold
        : 0.5 + 0.5 * (distance - Threshold) / (4 - Threshold);

    private double Slope(double distance)
    {
        if (Unclipped(distance) is < Least or > 1 - Least) return 0;
        return distance <= Threshold ? 0.5 / Threshold : 0.5 / (4 - Threshold);
    }
}
