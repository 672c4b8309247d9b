using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Masquerade.Evaluation.Remote.PlainHttp;

/// <summary>A value of a YAML file, with the line that it begins in.</summary>
internal abstract record YamlTree(long Line)
{
    // A description of a service is three deep.
    private const int MostDepth = 8;

    /// <summary>A single value.</summary>
    internal sealed record Text(long Line, string Value, bool IsNull) : YamlTree(Line);

    /// <summary>A list.</summary>
    internal sealed record List(long Line, IReadOnlyList<YamlTree> Items) : YamlTree(Line);

    /// <summary>Fields, in their order.</summary>
    internal sealed record Map(long Line, IReadOnlyList<(Text Name, YamlTree Value)> Fields) : YamlTree(Line);

    /// <summary>Reads a file with one document.</summary>
    /// <exception cref="InputException">It is no YAML, or uses what is not needed here.</exception>
    public static YamlTree Read(string yaml, string source)
    {
        try
        {
            var parser = new Parser(new StringReader(yaml));
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _)) throw new InputException($"{source}: is empty");
            var tree = Read(parser, source, 0);
            parser.Consume<DocumentEnd>();
            if (parser.Current is DocumentStart second) throw Bad(source, second, "a second document begins; a service is one");
            return tree;
        }
        catch (YamlException e)
        {
            throw new InputException($"{source} line {e.Start.Line}: not YAML: {InputFile.OneLine(e.Message)}", e);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // YamlDotNet's scanner gives up on some byte soup without an error of its own.
            throw new InputException($"{source}: not YAML: the parser cannot make anything of it", e);
        }
    }

    private static YamlTree Read(Parser parser, string source, int depth)
    {
        var at = parser.Current!;
        if (depth > MostDepth) throw Bad(source, at, "is nested too deep");
        if (parser.TryConsume<Scalar>(out var scalar))
        {
            var isNull = scalar is { Style: ScalarStyle.Plain, Value: "" or "~" or "null" or "Null" or "NULL" };
            return new Text(scalar.Start.Line, scalar.Value, isNull);
        }
        if (parser.TryConsume<SequenceStart>(out _))
        {
            var items = new List<YamlTree>();
            while (!parser.TryConsume<SequenceEnd>(out _)) items.Add(Read(parser, source, depth + 1));
            return new List(at.Start.Line, items);
        }
        if (parser.TryConsume<MappingStart>(out _))
        {
            var (fields, seen) = (new List<(Text, YamlTree)>(), new HashSet<string>(StringComparer.Ordinal));
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var name = Read(parser, source, MostDepth) as Text ?? throw Bad(source, at, "a field's name is expected");
                if (!seen.Add(name.Value)) throw new InputException($"{source} line {name.Line}: the field '{name.Value}' is there twice");
                fields.Add((name, Read(parser, source, depth + 1)));
            }
            return new Map(at.Start.Line, fields);
        }
        throw Bad(source, at, "anchors and aliases are not read; write it out");
    }

    private static InputException Bad(string source, ParsingEvent at, string problem) => new($"{source} line {at.Start.Line}: {problem}");
}
