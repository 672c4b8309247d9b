namespace Masquerade.Attacks.Minimal;

/// <summary>
/// Finds the smallest amplitude along one direction that fools the verifier: grows until a hit, then halves the bracket between the largest
/// miss and the smallest hit on a logarithmic scale. The clean image (amplitude 0) is a miss.
/// </summary>
/// <param name="start">First amplitude tried.</param>
/// <param name="largest">Largest amplitude tried.</param>
/// <param name="growth">Factor between tries while there is no hit, or no miss but the clean image.</param>
/// <param name="tolerance">The search ends when the hit is at most this fraction above the miss.</param>
/// <param name="unit">Amplitudes are whole multiples of it; 0 for any amplitude.</param>
/// <param name="accelerating">Whether the factor grows from try to try: for a start that is believed to be near.</param>
internal sealed class AmplitudeSearch(
    double start, double largest, double growth, double tolerance, double unit = 0, bool accelerating = false)
{
    private double _miss;
    private double _hit = double.PositiveInfinity;
    private int _stride = 1;

    /// <summary>A search downward from an amplitude that is known to hit.</summary>
    public static AmplitudeSearch Below(double hit, double growth, double tolerance) =>
        new(hit, hit, growth, tolerance, accelerating: true) { _hit = hit };

    /// <summary>Whether any amplitude was a hit.</summary>
    public bool Found => double.IsFinite(_hit);

    /// <summary>The smallest hit; infinite if there is none.</summary>
    public double Hit => _hit;

    /// <summary>Whether there is nothing left to try.</summary>
    public bool Done => Found
        ? _hit <= _miss * (1 + tolerance) || _hit - _miss <= unit * 1.5
        : _miss >= largest * (1 - 1e-9);

    /// <summary>The amplitude to try next.</summary>
    public double Next
    {
        get
        {
            if (!Found) return Snap(_miss == 0 ? Math.Min(start, largest) : Math.Min(_miss * Factor, largest));
            return Snap(_miss == 0 ? _hit / Factor : Math.Sqrt(_miss * _hit));
        }
    }

    /// <summary>Takes in what <see cref="Next"/> gave.</summary>
    public void Report(double amplitude, bool hit)
    {
        // The same side again: the boundary is further off than believed.
        if (accelerating && (hit ? Found && _miss == 0 : !Found && _miss > 0)) _stride *= 2;
        if (hit) _hit = Math.Min(_hit, amplitude);
        else _miss = Math.Max(_miss, amplitude);
    }

    private double Factor => Math.Pow(growth, _stride);

    private double Snap(double amplitude)
    {
        if (unit == 0) return amplitude;
        var snapped = Math.Max(Math.Round(amplitude / unit), Math.Round(_miss / unit) + 1) * unit;
        return Found ? Math.Min(snapped, _hit - unit) : Math.Min(snapped, Math.Max(largest, unit));
    }
}
