using System.Globalization;

namespace Masquerade.Bench;

/// <summary>The options of a bench: <c>--name value</c>, each once.</summary>
internal sealed class BenchOptions
{
    private readonly Dictionary<string, string> _values = [];
    private readonly HashSet<string> _used = [];

    public BenchOptions(IReadOnlyList<string> arguments)
    {
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var name = arguments[i];
            var complete = name.StartsWith("--", StringComparison.Ordinal) && i + 1 < arguments.Count;
            if (!complete || !_values.TryAdd(name[2..], arguments[i + 1]))
                throw new InputException($"'{name}': options are --name value, each once");
        }
    }

    public string Text(string name) => Optional(name) ?? throw new InputException($"--{name} is needed");

    public int Number(string name, int otherwise) => Optional(name) switch
    {
        null => otherwise,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 => number,
        var text => throw new InputException($"--{name} is '{text}'; give a whole number above 0"),
    };

    public string? Optional(string name)
    {
        _used.Add(name);
        return _values.GetValueOrDefault(name);
    }

    /// <summary>A misspelt option must not pass for a measured one.</summary>
    public void RequireAllUsed()
    {
        var unknown = _values.Keys.FirstOrDefault(name => !_used.Contains(name));
        if (unknown is not null) throw new InputException($"this bench has no option --{unknown}");
    }
}
