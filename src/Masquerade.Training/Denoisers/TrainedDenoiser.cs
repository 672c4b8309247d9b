using System.Globalization;
using Google.Protobuf;
using Masquerade.Defenses.Learned;
using Masquerade.Imaging;
using Masquerade.Networks;
using static TorchSharp.torch;

namespace Masquerade.Training.Denoisers;

/// <summary>Writes a trained denoiser as any other ONNX purifier is.</summary>
internal static class TrainedDenoiser
{
    private const double Tolerance = 1e-3;
    private const int ProbeCount = 2;
    private static readonly ImageSize[] ProbeSizes = [new(112, 112), new(57, 64)];

    /// <returns>Path of the network.</returns>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public static string Write(
        TrainingFolder folder, DenoiserNetwork network, TrainingJournal<DenoiserTrainingSettings, DenoiserScores> journal, int people,
        int photographs, string source)
    {
        var settings = journal.Settings;
        network.eval();
        var path = folder[$"{settings.Name}.onnx"];
        var model = network.ToOnnx().Build(shape: [-1, 3, -1, -1]);
        var against = settings.Noise is { } noise ? $"Gaussian noise of {noise} levels"
            : $"adversarial images of {Path.GetFileName(settings.Adversarial!.Model)}";
        model.ProducerName = "Masquerade";
        model.DocString = string.Create(CultureInfo.InvariantCulture,
            $"trained by masq train denoiser against {against} on {photographs} photographs of {people} people "
            + $"({Path.GetFileName(source)})");
        OutputFile.Write(path, model.ToByteArray());
        Verify(path, network);
        return path;
    }

    /// <summary>Opens what was written, and compares it with what was trained.</summary>
    private static void Verify(string path, DenoiserNetwork network)
    {
        using var purifier = OnnxPurifier.Open(path, path, threads: 1);
        using var inference = no_grad();
        foreach (var size in ProbeSizes)
        {
            using var scope = NewDisposeScope();
            var probe = tensor(ProbeImages.Create(size, ProbeCount), [ProbeCount, 3, size.Height, size.Width]);
            var difference = (purifier.Purify(probe) - network.forward(probe).Clipped()).abs().max().item<float>();
            if (!(difference <= Tolerance))
                throw new InvalidOperationException($"{path}: differs from the trained network by {difference}");
        }
    }
}
