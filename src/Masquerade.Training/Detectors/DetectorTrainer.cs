using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Masquerade.Alignment;
using Masquerade.Detection;
using Masquerade.Models;
using Masquerade.Verification;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training.Detectors;

/// <summary>How well a new detector tells one attack's images, on people kept from its training.</summary>
/// <param name="Attack">The attack.</param>
/// <param name="Learned">Whether it learned from this attack.</param>
/// <param name="Rates">Over clean and adversarial images.</param>
/// <param name="Detected">How many of the adversarial images are refused at each of its thresholds, in the card's order.</param>
/// <param name="MedianNorm">Median L2 norm of the adversarial images; NaN without any.</param>
public sealed record AttackDetection(string Attack, bool Learned, DetectionRates Rates, IReadOnlyList<int> Detected, double MedianNorm);

/// <summary>What a training came to.</summary>
/// <param name="Path">The detector's file.</param>
/// <param name="Card">What it is.</param>
/// <param name="Skipped">Photographs that could not be used.</param>
/// <param name="Attacks">How well it tells each attack.</param>
public sealed record TrainedDetector(string Path, DetectorCard Card, int Skipped, IReadOnlyList<AttackDetection> Attacks);

/// <summary>How far the making of a detector is.</summary>
/// <param name="Doing">What is being done.</param>
/// <param name="Done">How much of it is done.</param>
/// <param name="Total">All of it.</param>
public readonly record struct DetectorProgress(string Doing, double Done, double Total);

/// <summary>
/// Makes a detector of attacks on a recogniser: attacks faces under the 8-bit rule, learns from what fooled the recogniser, calibrates on
/// clean faces of other people, and writes one file. What is made on the way lies in a folder beside it, so that the same call goes on after
/// an interruption, to the same detector.
/// </summary>
/// <param name="model">The recogniser; differentiable where an attack needs gradients. It stays the caller's.</param>
/// <param name="settings">How.</param>
/// <param name="data">Whose faces, as training that is gone on with has to have them.</param>
/// <param name="crops">Those faces, as crops for the recogniser.</param>
/// <param name="path">The file to write, ending in <c>.onnx</c>.</param>
public sealed class DetectorTrainer(FaceModel model, DetectorTrainingSettings settings, TrainingData data, TrainingCrops crops, string path)
{
    private const string Extension = ".onnx";
    private const string MarkName = "detector-training.json";
    private const string AttackedMarkName = "attacked-faces.json";
    private const int Batch = 32;
    private const int FittedLayers = 4;

    // Whose activations are held at once; a mean and a covariance of some hundred values need no more.
    private const int MostFitted = 10_000;

    // The paper's: fewer bits, a median, and non-local means.
    private static readonly string[] UsualSqueezers = ["bits:4", "median:3", "nlm:4"];
    private static readonly string[] UsualResidual = ["dncnn"];

    /// <summary>Where checkpoints lie, and adversarial images unless the settings name a place for them.</summary>
    public string Folder => System.IO.Path.ChangeExtension(path, ".training");

    /// <summary>Where nothing is learned, no images are needed to learn from.</summary>
    private bool Learns => settings.Kind != DetectorKind.Squeeze;

    private string AttackedFolder => settings.AttackedFolder ?? System.IO.Path.Combine(Folder, "attacked");

    /// <summary>Makes the detector.</summary>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Ends it; what is made stays.</param>
    /// <exception cref="InputException">
    /// Impossible settings, photographs that cannot be used, another training in the folder, too few adversarial images, or a full disk.
    /// </exception>
    /// <exception cref="OperationCanceledException">Interrupted.</exception>
    public TrainedDetector Train(Action<DetectorProgress>? progress = null, CancellationToken cancellation = default)
    {
        settings.Check();
        if (!path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase)) throw new InputException($"{path}: a detector is an ONNX file; let its name end in {Extension}");
        if (File.Exists(path)) throw new InputException($"{path}: is there already; name a new file");
        OutputFile.CreateFolderOf(path);
        var descriptor = model.Descriptor;
        var learners = crops.Names.Count - settings.ValidationPeople;
        if (learners < 2)
        {
            throw new InputException($"{crops.Source}: has {crops.Names.Count} people, and {settings.ValidationPeople} are kept to judge on; "
                + "training needs two more than that: add people or lower --validation-people");
        }
        set_num_threads(settings.Threads);
        var first = Card(crops.Source);
        // Before the attacks, which take hours: a name may be wrong.
        using var input = DetectorInput.Open(first, model, settings.Threads, gradients: false);
        using var folder = Marked(Folder, MarkName, Identity(first), "holds another training; delete it, or name another file");
        using var attacked = Marked(AttackedFolder, AttackedMarkName, AttackedIdentity(first),
            "holds faces of another model or of other photographs, or others of them; name another folder");
        string[] all = [.. settings.Attacks.Concat(settings.Unseen).Select(a => a.Name)];
        using var training = new AdversarialSet(AttackedFolder, "training", descriptor.InputSize, [.. settings.Attacks.Select(a => a.Name)]);
        using var kept = new AdversarialSet(AttackedFolder, "kept", descriptor.InputSize, all);
        var verifier = new FaceVerifier(model.Embedder, descriptor.Threshold);
        var faces = new AdversarialFaces(verifier, crops, settings.Seed, settings.Strict);
        if (Learns)
            faces.Make(training, (0, learners), settings.Faces, settings.Attacks, Told("attacking faces to learn from"), cancellation);
        faces.Make(kept, (learners, settings.ValidationPeople), settings.ValidationFaces, [.. settings.Attacks, .. settings.Unseen],
            Told("attacking faces to judge on"), cancellation);
        RequireBothKinds(training, kept);
        var head = Learn(training, input, cancellation, progress);
        var file = Calibrated(new DetectorFile(first with
        {
            // What others learned from may lie in the same folder.
            CleanFaces = Learns ? training.Count(AdversarialSet.Clean) : 0,
            AdversarialImages = Learns ? training.Attacks.Sum(training.Count) : 0,
            CalibrationFaces = kept.Count(AdversarialSet.Clean),
        }, head), kept, out var judged);
        // What cannot be opened is not written.
        using (Detector.Open("detector", file, model, settings.Threads, model.Embedder is IDifferentiableEmbedder, settings.FalseAlarms[0], path)) { }
        file.Write(path);
        return new TrainedDetector(path, file.Card, (Learns ? training.Skipped : 0) + kept.Skipped, judged);

        Action<int, int> Told(string doing) => (done, total) => progress?.Invoke(new DetectorProgress(doing, done, total));
    }

    private DetectorCard Card(string source)
    {
        IReadOnlyList<string> purifiers = settings.Kind switch
        {
            DetectorKind.Residual => settings.Purifiers.Count > 0 ? settings.Purifiers : UsualResidual,
            DetectorKind.Squeeze => settings.Purifiers.Count > 0 ? settings.Purifiers : UsualSqueezers,
            _ => [],
        };
        if (settings.Kind == DetectorKind.Residual && purifiers.Count != 1)
            throw new InputException($"a residual is what one purifier takes off; {purifiers.Count} are named");
        return new DetectorCard
        {
            Kind = settings.Kind,
            Model = model.Descriptor.Name,
            ModelSha256 = Detector.ModelHash(model.Descriptor),
            Width = model.Descriptor.InputSize.Width,
            Height = model.Descriptor.InputSize.Height,
            Purifiers = purifiers,
            Layers = Layers(),
            Attacks = !Learns ? [] : [.. settings.Attacks.Select(a => a.Name)],
            Data = System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(source)),
            CalibrationFaces = 0,
            // Until it is calibrated.
            Thresholds = [.. settings.FalseAlarms.Order().Select(f => new DetectorThreshold(f, 0))],
        };
    }

    /// <summary>SafetyNet looks at the last activations; the Mahalanobis distance is measured at four depths.</summary>
    private IReadOnlyList<string> Layers()
    {
        if (settings.Kind is not (DetectorKind.SafetyNet or DetectorKind.Mahalanobis)) return [];
        if (settings.Layers.Count > 0) return settings.Layers;
        var all = ActivationNetwork.Rectified(model.Descriptor);
        return settings.Kind == DetectorKind.SafetyNet ? [all[^1]]
            : [.. Enumerable.Range(1, FittedLayers).Select(i => all[all.Count * i / FittedLayers - 1 is var at and >= 0 ? at : 0]).Distinct()];
    }

    /// <summary>What makes two trainings the same.</summary>
    private string Identity(DetectorCard card) => Hash(
        $"{AttackedIdentity(card)}\n{card.ToJson()}\n{string.Join('\n', settings.Attacks.Concat(settings.Unseen))}\n"
        + JsonSerializer.Serialize(new { settings.Epochs, settings.Batch, settings.LearningRate }));

    /// <summary>What makes attacked faces the same, whatever detector is to learn from them.</summary>
    private string AttackedIdentity(DetectorCard card) => Hash(
        string.Create(CultureInfo.InvariantCulture, $"{card.ModelSha256} {model.Descriptor.Threshold:R} {card.Size} {model.Descriptor.Alignment}\n{JsonSerializer.Serialize(data)}\n")
        + JsonSerializer.Serialize(new { settings.Faces, settings.ValidationPeople, settings.ValidationFaces, settings.Seed }));

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static MarkedFolder Marked(string folder, string name, string identity, string otherwise)
    {
        var mark = System.IO.Path.Combine(folder, name);
        return MarkedFolder.Open(folder, name, () => OutputFile.Write(mark, Encoding.UTF8.GetBytes(identity)), Require, () => { });

        void Require()
        {
            if (File.ReadAllText(mark).Trim() != identity) throw new InputException($"{folder}: {otherwise}");
        }
    }

    private void RequireBothKinds(AdversarialSet training, AdversarialSet kept)
    {
        if (Learns)
        {
            if (training.Count(AdversarialSet.Clean) == 0) throw new InputException($"none of the {training.Done(AdversarialSet.Clean)} photographs to learn from can be used; check --images and --landmarks");
            if (training.Attacks.Sum(training.Count) == 0)
            {
                throw new InputException($"{string.Join(", ", training.Attacks)} fooled {model.Descriptor.Name} with none of {training.Done(AdversarialSet.Clean)} faces: there is nothing "
                    + "to learn from; choose stronger attacks or more faces");
            }
        }
        if (kept.Count(AdversarialSet.Clean) == 0)
            throw new InputException($"none of the {kept.Done(AdversarialSet.Clean)} photographs to calibrate on can be used; check --images and --landmarks");
    }

    private Networks.Onnx.Format.ModelProto Learn(
        AdversarialSet training, DetectorInput input, CancellationToken cancellation, Action<DetectorProgress>? progress)
    {
        switch (settings.Kind)
        {
            case DetectorKind.Squeeze:
                return DetectorHeads.Squeeze(((SqueezeInput)input).Width).Build();
            case DetectorKind.Mahalanobis or DetectorKind.SafetyNet:
                progress?.Invoke(new DetectorProgress("learning", 0, 1));
                using (var scope = NewDisposeScope())
                {
                    var clean = Inputs(training, AdversarialSet.Clean, input);
                    var adversarial = cat([.. training.Attacks.Where(a => training.Count(a) > 0).Select(a => Inputs(training, a, input))]);
                    cancellation.ThrowIfCancellationRequested();
                    var model = settings.Kind == DetectorKind.SafetyNet ? DetectorHeads.SafetyNet(clean, Mixed(adversarial))
                        : DetectorHeads.Mahalanobis(clean, adversarial, ((ActivationInput)input).Widths);
                    progress?.Invoke(new DetectorProgress("learning", 1, 1));
                    return model.Build();
                }
            default:
                using (var network = new DetectorNetworkTraining(settings, training, input, System.IO.Path.Combine(Folder, "checkpoint.safetensors"))
                    .Train((done, all, _) => progress?.Invoke(new DetectorProgress("learning", done, all)), cancellation))
                {
                    return network.ToOnnx(training.Size).Build();
                }
        }
    }

    /// <summary>Rows in another order, so that the first of them are of all attacks.</summary>
    private Tensor Mixed(Tensor rows)
    {
        var random = SplitMix.For((ulong)settings.Seed, (ulong)rows.shape[0]);
        var keys = Enumerable.Range(0, (int)rows.shape[0]).Select(_ => random.Next()).ToArray();
        return rows.index_select(0, tensor(Enumerable.Range(0, keys.Length).OrderBy(i => keys[i]).Select(i => (long)i).ToArray()));
    }

    /// <summary>What a detector is given for the first images, in whose order there is none; a batch at a time.</summary>
    private static Tensor Inputs(AdversarialSet set, string source, DetectorInput input)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        var all = Math.Min(set.Count(source), MostFitted);
        for (var at = 0; at < all; at += Batch)
        {
            using var inner = NewDisposeScope();
            var count = Math.Min(Batch, all - at);
            parts.Add(input.Of(tensor(set.Read(source, at, count), [count, 3, set.Size.Height, set.Size.Width])).MoveToOuterDisposeScope());
        }
        return cat(parts).MoveToOuterDisposeScope();
    }

    /// <summary>Sets the thresholds by clean faces, and measures what they detect.</summary>
    private DetectorFile Calibrated(DetectorFile file, AdversarialSet kept, out IReadOnlyList<AttackDetection> judged)
    {
        using var detector = Detector.Open("detector", file, model, settings.Threads, gradients: false, file.Card.Thresholds[0].FalseAlarms, path);
        var clean = Scores(kept, AdversarialSet.Clean, detector);
        DetectorThreshold[] thresholds =
            [.. file.Card.Thresholds.Select(t => t with { Threshold = DetectionRates.Threshold(clean, t.FalseAlarms) })];
        judged = [.. kept.Attacks.Select(attack =>
        {
            var scores = Scores(kept, attack, detector);
            float[] norms = [.. Enumerable.Range(0, kept.Count(attack)).Select(i => kept.Norm(attack, i)).Order()];
            return new AttackDetection(attack, file.Card.Attacks.Contains(attack), DetectionRates.Of(clean, scores),
                [.. thresholds.Select(t => scores.Count(s => s > t.Threshold))], norms.Length == 0 ? double.NaN : norms[norms.Length / 2]);
        })];
        return file with { Card = file.Card with { Thresholds = thresholds } };
    }

    private static float[] Scores(AdversarialSet set, string source, Detector detector)
    {
        var scores = new List<float>();
        for (var at = 0; at < set.Count(source); at += Batch)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(Batch, set.Count(source) - at);
            scores.AddRange(detector.Scores(tensor(set.Read(source, at, count), [count, 3, set.Size.Height, set.Size.Width])));
        }
        return [.. scores];
    }
}
