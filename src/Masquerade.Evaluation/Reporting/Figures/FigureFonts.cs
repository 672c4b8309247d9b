using ScottPlot;
using SkiaSharp;

namespace Masquerade.Evaluation.Reporting.Figures;

/// <summary>The font of the figures, out of the assembly: the picture library has none, and every machine draws the same.</summary>
internal sealed class FigureFonts : IFontResolver
{
    public const string Name = "Roboto";

    private static readonly Lazy<byte[]> Font = new(() =>
    {
        using var resource = typeof(FigureFonts).Assembly.GetManifestResourceStream("Roboto-Regular.ttf")
            ?? throw new InvalidOperationException("the assembly has no font");
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        return bytes;
    });

    private static readonly Lazy<bool> Registered = new(() =>
    {
        Fonts.FontResolvers.Insert(0, new FigureFonts());
        return true;
    });

    private static readonly Lazy<SKTypeface> Loaded = new(() =>
    {
        using var data = SKData.CreateCopy(Font.Value);
        return SKTypeface.FromData(data);
    });

    /// <summary>The font itself, for what is drawn without the plotting library.</summary>
    public static SKTypeface Typeface => Loaded.Value;

    /// <summary>Makes the font known to the plotting library, once.</summary>
    public static void Register() => _ = Registered.Value;

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing)
    {
        if (fontName != Name) return null;
        using var data = SKData.CreateCopy(Font.Value);
        return SKTypeface.FromData(data);
    }

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) =>
        CreateTypeface(fontName, FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);
}
