using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic.Painting;

/// <summary>Colours for the painters.</summary>
internal static class Colours
{
    public static SKColor Of(uint rgb) => new(0xFF000000 | rgb);

    public static SKColor FromHue(float hue, float saturation, float value) => SKColor.FromHsv(hue, 100 * saturation, 100 * value);

    /// <summary>Between two colours; 0 is the first.</summary>
    public static SKColor Mix(SKColor first, SKColor second, float share)
    {
        share = Math.Clamp(share, 0, 1);
        return new SKColor(Channel(first.Red, second.Red), Channel(first.Green, second.Green), Channel(first.Blue, second.Blue));

        byte Channel(byte a, byte b) => (byte)MathF.Round(a + (b - a) * share);
    }

    public static SKColor Darker(this SKColor colour, float share) => Mix(colour, SKColors.Black, share);

    public static SKColor Lighter(this SKColor colour, float share) => Mix(colour, SKColors.White, share);

    /// <summary>The colour of skin in shadow: darker and redder.</summary>
    public static SKColor Shade(this SKColor skin, float share) => Mix(skin, Mix(Of(0x3A1410), skin, 0.12f), share);

    public static SKColor Fade(this SKColor colour, float opacity) => colour.WithAlpha((byte)MathF.Round(255 * Math.Clamp(opacity, 0, 1)));
}
