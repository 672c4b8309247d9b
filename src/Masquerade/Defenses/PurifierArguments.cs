using System.Globalization;

namespace Masquerade.Defenses;

/// <summary>The parameters that somebody wrote behind a purifier's name, as <c>3</c> and <c>mirror</c> in <c>mean:3:mirror</c>.</summary>
/// <param name="text">The purifier as it was written, for messages.</param>
/// <param name="usage">How it is to be written.</param>
/// <param name="values">What stands between the colons.</param>
internal sealed class PurifierArguments(string text, string usage, IReadOnlyList<string> values)
{
    private int _next;

    /// <summary>The next parameter, a whole number.</summary>
    /// <exception cref="InputException">It is none, or out of range; or it is missing and there is nothing to fall back on.</exception>
    public int Whole(string what, int least, int most, int? fallback = null)
    {
        if (Take(what, fallback is not null) is not { } value) return fallback!.Value;
        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        throw Bad(string.Create(CultureInfo.InvariantCulture, $"{what} '{value}' is not possible; a whole number from {least} to {most}"));
    }

    /// <summary>The next parameter, an odd number.</summary>
    /// <inheritdoc cref="Whole"/>
    public int Odd(string what, int least, int most, int fallback)
    {
        var number = Whole(what, least, most, fallback);
        return number % 2 == 1 ? number : throw Bad($"{what} '{number}' is not possible; an odd number from {least} to {most}");
    }

    /// <summary>The next parameter, a number.</summary>
    /// <inheritdoc cref="Whole"/>
    public double Number(string what, double least, double most, double? fallback = null)
    {
        if (Take(what, fallback is not null) is not { } value) return fallback!.Value;
        const NumberStyles Plain = NumberStyles.AllowDecimalPoint;
        if (double.TryParse(value, Plain, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most) return number;
        throw Bad(string.Create(CultureInfo.InvariantCulture, $"{what} '{value}' is not possible; a number from {least} to {most}"));
    }

    /// <summary>The next parameter, a word; the first choice where it is missing.</summary>
    /// <inheritdoc cref="Whole"/>
    public T Choice<T>(string what) where T : struct, Enum
    {
        string[] names = [.. Enum.GetNames<T>().Select(n => n.ToLowerInvariant())];
        if (Take(what, true) is not { } value) return Enum.GetValues<T>()[0];
        var at = Array.IndexOf(names, value);
        return at >= 0 ? Enum.GetValues<T>()[at] : throw Bad($"{what} '{InputFile.OneLine(value)}' is not possible; {string.Join(" or ", names)}");
    }

    /// <summary>All that is left, as a path may hold colons; null where nothing is. See <see cref="DefensePath"/>.</summary>
    public string? Rest()
    {
        var rest = DefensePath.Read(values.Skip(_next));
        _next = values.Count;
        return rest.Length > 0 ? rest : null;
    }

    /// <summary>Makes sure that nothing is left.</summary>
    /// <exception cref="InputException">Something is.</exception>
    public void End()
    {
        if (_next < values.Count) throw Bad($"'{InputFile.OneLine(values[_next])}' is one parameter too many");
    }

    /// <summary>What is wrong with the parameters.</summary>
    public InputException Bad(string problem) => new($"defense '{InputFile.OneLine(text)}': {problem} ({usage})");

    private string? Take(string what, bool optional)
    {
        if (_next < values.Count) return values[_next++];
        return optional ? null : throw Bad($"{what} is missing");
    }
}
