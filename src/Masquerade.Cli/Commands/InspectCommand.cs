using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Output;
using Masquerade.Models;
using Masquerade.Networks.Onnx;
using Spectre.Console;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq inspect</c>: what a model is made of, and whether it can be attacked with gradients.</summary>
internal sealed class InspectCommand : MasqCommand
{
    private readonly CommandHost _host;
    private readonly Argument<string> _model = new("MODEL")
    {
        Description = "Model descriptor (*.model.json), model by name (mini), or ONNX file.",
    };
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<string?> _json = CommonOptions.Json();

    public InspectCommand(CommandHost host) : base("inspect",
        "Says what a model is made of, whether it can be differentiated, and how far the two engines differ on a probe batch.",
        "masq inspect mini",
        "masq inspect arcface.model.json",
        "masq inspect network.onnx --json")
    {
        _host = host;
        Add(_model);
        Add(_threads);
        Add(_json);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var json = parsed.GetValue(_json);
        JsonOutput.Check(json);
        var path = _host.Models.Find(parsed.GetRequiredValue(_model));
        var model = ModelInspection.Of(path, CommonOptions.ThreadCount(parsed.GetValue(_threads)));
        if (json != CommonOptions.StandardOutput) Print(model);
        if (json is not null) JsonOutput.Write(_host, json, new InspectJson(model));
        return ExitCodes.Done;
    }

    private void Print(ModelInspection model)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(2)).AddColumn();
        void Row(string name, string value) => grid.AddRow(new Text(name), new Text(value));

        Row("model", $"{model.Name} ({model.Format})");
        foreach (var input in model.Inputs) Row("input", Value(input));
        foreach (var output in model.Outputs) Row("output", Value(output));
        Row("batches", model.RunsInBatches ? "yes" : "no, one image at a time");
        if (model.Operators.Count > 0)
            Row("operators", string.Join(", ", model.Operators.OrderByDescending(o => o.Value).Select(o => $"{o.Key} {o.Value}")));
        if (model.Parameters is { } parameters) Row("parameters", parameters.ToString("N0", CultureInfo.InvariantCulture));
        if (model.Flops is { } flops) Row("FLOPs", string.Create(CultureInfo.InvariantCulture, $"{flops / 1e6:N0} million an image"));
        Row(
            "gradients",
            model.Differentiable ? "yes" : $"no, because of {string.Join(", ", model.Unsupported)}; attacks that need none work");
        if (model.MaxAbsDifference is { } difference)
            Row("engines", string.Create(
                CultureInfo.InvariantCulture,
                $"ONNX Runtime and TorchSharp differ by at most {difference:G2} in a unit embedding's values"));
        _host.Results.Write(grid);
    }

    private static string Value(OnnxValue value) => $"{value.Name}: {value.Type} [{string.Join(", ", value.Shape)}]";

    /// <summary>The names that programs rely on.</summary>
    private sealed class InspectJson(ModelInspection model)
    {
        public string Name => model.Name;

        public string Format => model.Format;

        public IReadOnlyList<OnnxValue> Inputs => model.Inputs;

        public IReadOnlyList<OnnxValue> Outputs => model.Outputs;

        public IReadOnlyDictionary<string, int> Operators => model.Operators;

        public bool Differentiable => model.Differentiable;

        public IReadOnlyList<string> Unsupported => model.Unsupported;

        [JsonPropertyName("max_abs_difference")]
        public float? MaxAbsDifference => model.MaxAbsDifference;

        public long? Parameters => model.Parameters;

        public long? Flops => model.Flops;

        [JsonPropertyName("runs_in_batches")]
        public bool RunsInBatches => model.RunsInBatches;
    }
}
