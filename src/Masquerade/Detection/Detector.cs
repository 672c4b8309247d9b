using Masquerade.Defenses;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Networks;
using Masquerade.Networks.Onnx;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Masquerade.Detection;

/// <summary>
/// Tells whether an image looks attacked: images in, scores out, the higher the more suspicious. It sees images of 8 bits a channel only,
/// whatever it is given: a float adversarial beside an 8-bit clean image differs by its rounding alone, and a detector that learns that is
/// worth nothing.
/// </summary>
public sealed class Detector : IDisposable
{
    private const float Tolerance = 1e-3f;

    private readonly DetectorInput _input;
    private readonly OnnxSession _head;
    private readonly OnnxTorchNetwork? _gradient;
    private readonly bool _soft;

    private Detector(string name, DetectorCard card, double falseAlarms, DetectorInput input, OnnxSession head, OnnxTorchNetwork? gradient, bool soft)
    {
        (Name, Card, FalseAlarms, Threshold) = (name, card, falseAlarms, card.ThresholdAt(falseAlarms));
        (_input, _head, _gradient, _soft) = (input, head, gradient, soft);
    }

    /// <summary>Share of clean faces that a detector refuses where nobody says otherwise.</summary>
    public const double UsualFalseAlarms = 0.01;

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What it was made of and for.</summary>
    public DetectorCard Card { get; }

    /// <summary>Share of clean faces that it is meant to refuse.</summary>
    public double FalseAlarms { get; }

    /// <summary>An image with a higher score is refused.</summary>
    public double Threshold { get; }

    /// <summary>Whether gradients can be had.</summary>
    public bool IsDifferentiable => _gradient is not null && _input.IsDifferentiable;

    /// <summary>How an attacker gets a gradient through it.</summary>
    public PurifierGradient Gradient => _soft ? PurifierGradient.StraightThrough : _input.Gradient;

    /// <summary>Opens a detector in front of a recogniser.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="model">The recogniser; it stays the caller's and must outlive the detector.</param>
    /// <param name="threads">Threads of the engines.</param>
    /// <param name="gradients">Whether gradients are wanted.</param>
    /// <param name="falseAlarms">Share of clean faces to refuse; the file must have a threshold for it.</param>
    /// <exception cref="InputException">
    /// No detector, one for another recogniser or another size of crops, one without such a threshold, or one that does not run.
    /// </exception>
    public static Detector Open(string path, FaceModel model, int threads, bool gradients, double falseAlarms = UsualFalseAlarms)
    {
        ArgumentNullException.ThrowIfNull(model);
        var file = DetectorFile.Read(path);
        var card = file.Card;
        if (card.Size != model.Descriptor.InputSize)
            throw new InputException($"{path}: was made for crops of {card.Size}, and {model.Descriptor.Name} takes {model.Descriptor.InputSize}; train one for it");
        if (!string.Equals(card.ModelSha256, ModelHash(model.Descriptor), StringComparison.OrdinalIgnoreCase))
            throw new InputException($"{path}: was made for {card.Model}, not for {model.Descriptor.Name} as it is; train one for it with masq train detector");
        try
        {
            return Open(Path.GetFileNameWithoutExtension(path), file, model, threads, gradients, falseAlarms, path);
        }
        catch (InputException e) when (!e.Message.StartsWith(path, StringComparison.Ordinal))
        {
            throw new InputException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Opens a detector that was made just now.</summary>
    internal static Detector Open(
        string name, DetectorFile file, FaceModel model, int threads, bool gradients, double falseAlarms, string source)
    {
        var input = DetectorInput.Open(file.Card, model, threads, gradients);
        OnnxSession? head = null;
        OnnxTorchNetwork? gradient = null;
        try
        {
            var served = file.Head.Clone();
            foreach (var output in served.Graph.Output.Where(o => o.Name == DetectorFile.SoftOutput).ToList()) served.Graph.Output.Remove(output);
            head = new OnnxSession(served, threads, source);
            if (gradients) gradient = OnnxTorchNetwork.Import(file.Head, source, file.HasSoftOutput ? DetectorFile.SoftOutput : null);
            var detector = new Detector(name, file.Card, falseAlarms, input, head, gradient, file.HasSoftOutput);
            detector.TryOut(source);
            return detector;
        }
        catch (OperatorNotSupportedException e)
        {
            head?.Dispose();
            input.Dispose();
            throw new InputException($"{source}: {InputFile.OneLine(e.Message)}; train it again", e);
        }
        catch
        {
            gradient?.Dispose();
            head?.Dispose();
            input.Dispose();
            throw;
        }
    }

    /// <summary>SHA-256 of a recogniser's network file.</summary>
    internal static string ModelHash(ModelDescriptor descriptor) => descriptor.Sha256 ?? Convert.ToHexStringLower(
        System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(descriptor.File)));

    /// <summary>How suspicious images are.</summary>
    /// <param name="images">float32 [N,3,H,W] in [0,1]; rounded to 8 bits here.</param>
    /// <returns>N scores.</returns>
    /// <exception cref="InputException">A score is no number.</exception>
    public float[] Scores(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.shape[0] == 0) return [];
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        return Head(_input.Of(ImageTensors.RoundTo8Bit(images)));
    }

    /// <summary>Which images are refused.</summary>
    /// <inheritdoc cref="Scores"/>
    public bool[] Refuses(Tensor images) => [.. Scores(images).Select(s => s > Threshold)];

    /// <summary>Scores through which gradients flow back to the images; straight through the rounding, and where nothing else can be had.</summary>
    /// <param name="images">float32 [N,3,H,W] in [0,1].</param>
    /// <returns>float32 [N], part of the autograd graph, owned by the caller's scope.</returns>
    /// <exception cref="InvalidOperationException">It was opened without gradients, or has none.</exception>
    public Tensor ScoresForGradient(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (_gradient is null || !_input.IsDifferentiable) throw new InvalidOperationException($"{Name} has no gradients");
        using var scope = NewDisposeScope();
        using var rounding = ImageTensors.RoundTo8Bit(images.detach()) - images.detach();
        return _gradient.Forward(_input.ForGradient(images.Plus(rounding))).reshape(-1).MoveToOuterDisposeScope();
    }

    /// <summary>What the network is given for images, [N,…]; for training.</summary>
    internal Tensor Inputs(Tensor images) => _input.Of(images);

    /// <inheritdoc/>
    public void Dispose()
    {
        _gradient?.Dispose();
        _head.Dispose();
        _input.Dispose();
    }

    private float[] Head(Tensor inputs)
    {
        var values = inputs.contiguous().data<float>().ToArray();
        using var result = _head.Run(values, inputs.shape);
        var scores = result[0].GetTensorDataAsSpan<float>().ToArray();
        if (scores.Length != inputs.shape[0])
            throw new InputException($"{Name}: {scores.Length} scores for {inputs.shape[0]} images; it is damaged, train it again");
        return Array.TrueForAll(scores, float.IsFinite) ? scores
            : throw new InputException($"{Name}: a score is no number; the detector is damaged, or an image holds values that are not finite");
    }

    /// <summary>Runs it on a probe batch, and compares the engines there.</summary>
    private void TryOut(string source)
    {
        const int Count = 2;
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var images = tensor(ProbeImages.Create(Card.Size, Count), [Count, 3, Card.Height, Card.Width]);
        float[] served;
        try
        {
            served = Scores(images);
        }
        catch (Microsoft.ML.OnnxRuntime.OnnxRuntimeException e)
        {
            throw new InputException($"{source}: does not run on crops of {Card.Size} ({InputFile.OneLine(e.Message).Trim()}); train it again", e);
        }
        if (_gradient is null || _soft || !_input.IsDifferentiable) return;
        var imported = ScoresForGradient(images).data<float>().ToArray();
        var difference = served.ZipExact(imported, (a, b) => Math.Abs(a - b) / Math.Max(1, Math.Abs(a))).Max();
        if (!(difference <= Tolerance)) throw new InputException($"{source}: two engines disagree about its scores by {difference:G3}; train it again");
    }
}
