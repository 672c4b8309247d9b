using System.CommandLine;
using System.Globalization;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Output;
using Masquerade.Models;
using Masquerade.Verification;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq verify</c>: one question to a verifier.</summary>
internal sealed class VerifyCommand : MasqCommand
{
    private readonly CommandHost _host;
    private readonly Argument<string> _probe = new("PROBE") { Description = "The photograph in question." };
    private readonly Argument<string> _reference = new("REFERENCE") { Description = "The photograph on file." };
    private readonly Option<string> _model = CommonOptions.Model();
    private readonly FaceOptions _faces = new();
    private readonly Option<double?> _threshold = CommonOptions.Threshold();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<string?> _json = CommonOptions.Json();

    public VerifyCommand(CommandHost host) : base("verify",
        "Asks a verifier whether two photographs show the same person. The exit code is 0 whatever the answer.",
        "masq verify probe.jpg reference.jpg --model arcface.model.json",
        "masq verify probe.jpg reference.jpg --model arcface.model.json --landmarks landmarks.csv",
        "masq verify crop1.png crop2.png --model arcface.model.json --aligned --json")
    {
        _host = host;
        Add(_probe);
        Add(_reference);
        foreach (var option in (Option[])[_model, .. _faces.All, _threshold, _threads, _json]) Add(option);
        _faces.CheckIn(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var (probe, reference, json) = (parsed.GetRequiredValue(_probe), parsed.GetRequiredValue(_reference), parsed.GetValue(_json));
        JsonOutput.Check(json);
        var threads = CommonOptions.ThreadCount(parsed.GetValue(_threads));
        using var model = FaceModel.Load(_host.Models.Find(parsed.GetRequiredValue(_model)), threads, gradients: false);
        using var crops = ModelCrops.Open(_host, model.Descriptor, _faces.Read(parsed));
        var verifier = new FaceVerifier(model.Embedder, parsed.GetValue(_threshold) ?? model.Descriptor.Threshold);
        var distance = verifier.Compare(crops.Cropper.Crop(probe), crops.Cropper.Crop(reference));
        var samePerson = verifier.IsSame(distance);
        if (json != CommonOptions.StandardOutput)
        {
            var decision = samePerson ? "same person (the distance is not above the threshold)"
                : "different people (the distance is above the threshold)";
            _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"distance   {distance:F4}"));
            _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"threshold  {verifier.Threshold:0.####}"));
            _host.Output.WriteLine($"decision   {decision}");
        }
        if (json is null) return ExitCodes.Done;
        JsonOutput.Write(_host, json, new VerifyJson(probe, reference, model.Descriptor.Name, distance, verifier.Threshold, samePerson));
        return ExitCodes.Done;
    }

    private sealed record VerifyJson(string Probe, string Reference, string Model, double Distance, double Threshold, bool SamePerson)
    {
        public string Decision => SamePerson ? "same" : "different";
    }
}
