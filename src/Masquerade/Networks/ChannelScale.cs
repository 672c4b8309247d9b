namespace Masquerade.Networks;

/// <summary>What a channel's pixels are normalised with: a pixel p of 0 to 255 becomes (p − Mean) / Std.</summary>
/// <param name="Mean">What is subtracted.</param>
/// <param name="Std">What is divided by; above 0.</param>
internal readonly record struct ChannelScale(float Mean, float Std)
{
    /// <summary>Colour channels of an image.</summary>
    public const int Channels = 3;

    /// <summary>Pairs means with standard deviations.</summary>
    /// <param name="mean">One value for all channels, or three in the network's channel order.</param>
    /// <param name="std">Likewise, independently of <paramref name="mean"/>.</param>
    /// <param name="source">The file that they belong to, for messages.</param>
    /// <returns>One scale where both have one value, which holds for all channels; else three.</returns>
    /// <exception cref="InputException">There are neither one nor three values, or a value is impossible; the message names the field.</exception>
    public static IReadOnlyList<ChannelScale> Of(IReadOnlyList<float> mean, IReadOnlyList<float> std, string source)
    {
        Check("mean", mean);
        Check("std", std);
        if (!std.All(s => s > 0)) throw new InputException($"{source}: the field 'input.std' must be positive");
        var count = Math.Max(mean.Count, std.Count);
        return [.. Enumerable.Range(0, count).Select(i => new ChannelScale(ValueOf(mean, i), ValueOf(std, i)))];

        void Check(string field, IReadOnlyList<float> values)
        {
            if (values.Count is not (1 or Channels))
                throw new InputException($"{source}: the field 'input.{field}' must be a number, or three; it has {values.Count}");
            if (!values.All(float.IsFinite)) throw new InputException($"{source}: the field 'input.{field}' must be finite");
        }

        static float ValueOf(IReadOnlyList<float> values, int channel) => values[values.Count == 1 ? 0 : channel];
    }

    /// <summary>Scales for each of the three channels.</summary>
    /// <inheritdoc cref="Of"/>
    public static IReadOnlyList<ChannelScale> OfEach(IReadOnlyList<float> mean, IReadOnlyList<float> std, string source)
    {
        var scales = Of(mean, std, source);
        return scales.Count == Channels ? scales : [.. Enumerable.Repeat(scales[0], Channels)];
    }
}
