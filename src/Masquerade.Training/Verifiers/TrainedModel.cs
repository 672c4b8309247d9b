using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Google.Protobuf;
using Masquerade.Models;
using Masquerade.Networks;
using static TorchSharp.torch;

namespace Masquerade.Training.Verifiers;

/// <summary>Writes a trained network as any other model is: an ONNX file and its descriptor.</summary>
internal static class TrainedModel
{
    private const double Tolerance = 1e-3;
    private const int ProbeCount = 4;

    /// <returns>Path of the descriptor.</returns>
    /// <exception cref="InputException">A file cannot be written.</exception>
    public static string Write(
        TrainingFolder folder, VerifierNetwork network, TrainingJournal<VerifierTrainingSettings, ValidationScores> journal, int people,
        int photographs, string source)
    {
        var settings = journal.Settings;
        // On pairs that no threshold tells apart the first of the grid is as good as any, but 0 and 4 are none.
        var threshold = Math.Clamp(journal.BestEpoch!.Validation.Threshold, 0.01, 3.99);
        network.eval();
        var file = $"{settings.Name}.onnx";
        var model = network.ToOnnx().Build(shape: [-1, VerifierNetwork.EmbeddingSize]);
        model.ProducerName = "Masquerade";
        var onnx = model.ToByteArray();
        OutputFile.Write(folder[file], onnx);
        var descriptor = folder[$"{settings.Name}.model.json"];
        var how = settings.Adversarial is { } adversarial
            ? string.Create(CultureInfo.InvariantCulture, $"trained adversarially (L2 {adversarial.Epsilon}, {adversarial.Steps} steps)")
            : "trained";
        OutputFile.Write(descriptor, JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 1,
            name = settings.Name,
            file,
            format = "onnx",
            input = new
            {
                width = VerifierNetwork.InputSize.Width,
                height = VerifierNetwork.InputSize.Height,
                mean = VerifierNetwork.Centre,
                std = VerifierNetwork.Centre,
            },
            alignment = "arcface-112x112",
            threshold = Math.Round(threshold, 3),
            thresholdSource = string.Create(CultureInfo.InvariantCulture,
                $"most accurate on pairs of {settings.ValidationPeople} people kept from training"),
            embeddingSize = VerifierNetwork.EmbeddingSize,
            sha256 = Convert.ToHexStringLower(SHA256.HashData(onnx)),
            source = string.Create(CultureInfo.InvariantCulture,
                $"{how} by masq train verifier on {photographs} photographs of {people} people ({Path.GetFileName(source)})"),
        }, new JsonSerializerOptions { WriteIndented = true }));
        Verify(descriptor, network);
        return descriptor;
    }

    /// <summary>Loads what was written, and compares it with what was trained.</summary>
    private static void Verify(string descriptor, VerifierNetwork network)
    {
        using var model = FaceModel.Load(descriptor, threads: 1, gradients: false);
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var size = VerifierNetwork.InputSize;
        var probe = tensor(ProbeImages.Create(size, ProbeCount), [ProbeCount, 3, size.Height, size.Width]);
        var difference = (model.Embedder.Embed(probe) - network.forward(probe)).abs().max().item<float>();
        if (!(difference <= Tolerance))
            throw new InvalidOperationException($"{descriptor}: differs from the trained network by {difference}");
    }
}
