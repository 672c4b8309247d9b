using System.Globalization;
using Masquerade.Alignment;
using Masquerade.Evaluation.Ledger;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Masquerade.Evaluation.Experiments;

/// <summary>Reads specs field by field from the parser's events, so that every mistake is named and nesting costs no stack.</summary>
internal sealed class ExperimentFileReader
{
    private static readonly Dictionary<string, Action<ExperimentFile, Value>> Fields = new(StringComparer.Ordinal)
    {
        ["models"] = (file, value) => file.Models = value.List(),
        ["data"] = (file, value) => file.Data = value.Text(),
        ["images"] = (file, value) => file.Images = value.Text(),
        ["pairs"] = (file, value) => file.Pairs = value.Text(),
        ["landmarks"] = (file, value) => file.Landmarks = value.Text(),
        ["detector"] = (file, value) => file.Detector = value.Text(),
        ["fallback"] = (file, value) => file.Fallback = value.Choice<FaceFallback>(),
        ["aligned"] = (file, value) => file.Aligned = value.Flag(),
        ["sample"] = (file, value) => file.Sample = (int?)value.Integer(int.MinValue, int.MaxValue),
        ["sampleSeed"] = (file, value) => file.SampleSeed = value.Integer(long.MinValue, long.MaxValue),
        ["take"] = (file, value) => file.Take = (int?)value.Integer(int.MinValue, int.MaxValue),
        ["preprocessing"] = (file, value) => file.Preprocessing = value.Text(),
        ["attacks"] = (file, value) => file.Attacks = value.List(),
        ["storage"] = (file, value) => file.Storage = value.List(),
        ["defenses"] = (file, value) => file.Defenses = value.List(),
        ["detectors"] = (file, value) => file.Detectors = value.List(),
        ["stacks"] = (file, value) => file.Stacks = value.List(),
        ["falseAlarms"] = (file, value) => file.FalseAlarms = value.Number(),
        ["knowledge"] = (file, value) => file.Knowledge = value.List(),
        ["eotSamples"] = (file, value) => file.EotSamples = (int?)value.Integer(int.MinValue, int.MaxValue),
        ["cleanPairs"] = (file, value) => file.CleanPairs = (int?)value.Integer(int.MinValue, int.MaxValue),
        ["seed"] = (file, value) => file.Seed = value.Integer(long.MinValue, long.MaxValue),
        ["batch"] = (file, value) => file.Batch = (int?)value.Integer(int.MinValue, int.MaxValue),
        ["threads"] = (file, value) => file.Threads = (int?)value.Integer(int.MinValue, int.MaxValue),
        ["threshold"] = (file, value) => file.Threshold = value.Number(),
        ["keepImages"] = (file, value) => file.KeepImages = value.Choice<KeepImages>(),
        ["transferTo"] = (file, value) => file.TransferTo = value.List(),
        ["compareWith"] = (file, value) => file.CompareWith = value.Text(),
    };

    private readonly string _source;
    private readonly Parser _parser;
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    private ExperimentFileReader(string yaml, string source) => (_source, _parser) = (source, new Parser(new StringReader(yaml)));

    /// <summary>The fields of a spec.</summary>
    public static IReadOnlyCollection<string> Names => Fields.Keys;

    /// <exception cref="InputException">Not YAML, an unknown or repeated field, a value of the wrong kind; the line is named.</exception>
    public static ExperimentFile Read(string yaml, string source)
    {
        try
        {
            return new ExperimentFileReader(yaml, source).Read();
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

    private ExperimentFile Read()
    {
        var file = new ExperimentFile();
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _)) return file;
        _parser.Consume<DocumentStart>();
        if (_parser.Accept<Scalar>(out var only) && IsNull(only)) _parser.MoveNext();
        else ReadFields(file);
        _parser.Consume<DocumentEnd>();
        if (_parser.Current is DocumentStart second) throw Bad(second, "a second document begins; a spec is one");
        return file;
    }

    private void ReadFields(ExperimentFile file)
    {
        if (!_parser.TryConsume<MappingStart>(out _))
            throw Bad(_parser.Current!, "not an experiment: fields like 'images: FOLDER' are expected");
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = _parser.TryConsume<Scalar>(out var scalar) ? scalar : throw Bad(_parser.Current!, "a field's name is expected");
            if (!Fields.TryGetValue(key.Value, out var read))
                throw Bad(key, $"unknown field '{InputFile.OneLine(key.Value)}'; known are {string.Join(", ", Names)}");
            if (!_seen.Add(key.Value)) throw Bad(key, $"the field '{key.Value}' is there twice");
            read(file, new Value(this, key));
        }
    }

    private InputException Bad(ParsingEvent at, string problem) => new($"{_source} line {at.Start.Line}: {problem}");

    private static bool IsNull(Scalar scalar) => scalar is { Style: ScalarStyle.Plain, Value: "" or "~" or "null" or "Null" or "NULL" };

    /// <summary>The value that the parser stands at.</summary>
    private readonly struct Value(ExperimentFileReader reader, Scalar key)
    {
        public string? Text() => One("must be a text")?.Value;

        public List<string>? List()
        {
            const string Expected = "must be a list of texts, as [a, b]";
            if (reader._parser.Accept<Scalar>(out var scalar) && IsNull(scalar))
            {
                reader._parser.MoveNext();
                return null;
            }
            if (!reader._parser.TryConsume<SequenceStart>(out _)) throw Wrong(Expected);
            var items = new List<string>();
            while (!reader._parser.TryConsume<SequenceEnd>(out _)) items.Add(One(Expected)?.Value ?? throw Wrong(Expected));
            return items;
        }

        public bool? Flag()
        {
            const string Expected = "must be true or false";
            if (One(Expected) is not { } scalar) return null;
            return bool.TryParse(scalar.Value, out var flag) ? flag : throw Wrong(Expected);
        }

        public long? Integer(long least, long most)
        {
            var expected = string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}");
            if (One(expected) is not { } scalar) return null;
            return long.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && number >= least && number <= most ? number : throw Wrong(expected);
        }

        public double? Number()
        {
            const string Expected = "must be a number";
            if (One(Expected) is not { } scalar) return null;
            return double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                && double.IsFinite(number) ? number : throw Wrong(Expected);
        }

        public T? Choice<T>() where T : struct, Enum
        {
            var names = Enum.GetNames<T>().Select(n => n.ToLowerInvariant()).ToArray();
            var expected = $"must be one of {string.Join(", ", names)}";
            if (One(expected) is not { } scalar) return null;
            var at = Array.IndexOf(names, scalar.Value);
            return at >= 0 ? Enum.GetValues<T>()[at] : throw Wrong(expected);
        }

        /// <summary>A single value; null where it is null.</summary>
        private Scalar? One(string expected)
        {
            if (!reader._parser.TryConsume<Scalar>(out var scalar)) throw Wrong(expected);
            return IsNull(scalar) ? null : scalar;
        }

        // Of a value that spans lines the first is named: the field's.
        private InputException Wrong(string expected) => reader.Bad(key, $"the field '{key.Value}' {expected}");
    }
}
