using Masquerade.Alignment;
using Masquerade.Attacks;
using Masquerade.Detection;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Evaluation.Experiments;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Training.Detectors;
using static TorchSharp.torch;

namespace Masquerade.Training.Tests.Detectors;

/// <summary>The model that is attacked, and crops of people, which are read in less time than they are painted.</summary>
public sealed class AttackedModel : IDisposable
{
    internal const int People = 20;

    private readonly TemporaryFolder _folder = new();

    public AttackedModel()
    {
        var crops = new TrainingData { People = People, Captures = 2, Seed = 5 }.Open(AlignmentKind.ArcFace112x112,
            Model.Descriptor.InputSize);
        for (var i = 0; i < People; i++) Directory.CreateDirectory(_folder[crops.Names[i]]);
        Parallel.For(0, crops.Count, i => ImageFile.WritePng(_folder[$"{crops.Names[crops.Person(i)]}/{i}.png"], crops.Load(i)));
    }

    public FaceModel Model { get; } = FaceModel.Load(NamedModels.Default.Find("mini"), 2, gradients: true);

    public TrainingData Data => new() { Images = _folder.Root, Aligned = true };

    public TrainingCrops Crops => Data.Open(AlignmentKinds.Parse(Model.Descriptor.Alignment), Model.Descriptor.InputSize);

    public void Dispose()
    {
        Model.Dispose();
        _folder.Dispose();
    }
}

public sealed class DetectorTrainerTests(AttackedModel attacked) : IClassFixture<AttackedModel>, IDisposable
{
    private const int People = AttackedModel.People;
    private const int Kept = 6;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(DetectorKind.Cnn)]
    [InlineData(DetectorKind.Mahalanobis)]
    public void Interrupted_it_goes_on_to_the_same_file(DetectorKind kind)
    {
        var settings = Settings(kind);
        var whole = Trainer(settings, "whole").Train(cancellation: Token);
        Interrupt(settings, p => p is { Doing: "attacking faces to learn from", Done: 24 });
        File.ReadAllText(_folder["parts.training/attacked/training.json"]).ShouldContain($"\"{Steps.Name}\":{{\"Done\":24,");
        Interrupt(settings, p => p is { Doing: "attacking faces to judge on", Done: > 0 });
        Interrupt(settings, p => p is { Doing: "learning", Done: >= 2 or 0 });
        var parts = Trainer(settings, "parts").Train(cancellation: Token);
        File.ReadAllBytes(_folder["parts.onnx"]).ShouldBe(File.ReadAllBytes(_folder["whole.onnx"]));
        Describe(parts).ShouldBe(Describe(whole));

        var card = whole.Card;
        (card.Kind, card.Model, card.CleanFaces, card.CalibrationFaces).ShouldBe((kind, "mini", 28, 12));
        card.AdversarialImages.ShouldBeGreaterThan(10);
        card.Thresholds.Select(t => t.FalseAlarms).ShouldBe([0.01, 0.05]);
        var judged = whole.Attacks.Single();
        (judged.Attack, judged.Learned, judged.Rates.Clean).ShouldBe((Steps.Name, true, 12));
        judged.Rates.Adversarial.ShouldBeGreaterThan(3);
        using var detector = Detector.Open(whole.Path, attacked.Model, 1, gradients: true);
        detector.Card.ToJson().ShouldBe(card.ToJson());

        static string Describe(TrainedDetector trained) => string.Join('\n',
            trained.Attacks.Select(a => $"{a with { Detected = [] }} {string.Join(',', a.Detected)}"));

        void Interrupt(DetectorTrainingSettings settings, Func<DetectorProgress, bool> when)
        {
            using var source = new CancellationTokenSource();
            Should.Throw<OperationCanceledException>(() => Trainer(settings, "parts").Train(p =>
            {
                if (when(p)) source.Cancel();
            }, source.Token));
            File.Exists(_folder["parts.onnx"]).ShouldBeFalse();
        }
    }

    [Fact]
    public void What_is_kept_fools_the_verifier_and_nobody_is_learned_from_who_judges()
    {
        var trained = Trainer(Settings(DetectorKind.Mahalanobis), "d").Train(cancellation: Token);
        using var scope = NewDisposeScope();
        var size = attacked.Model.Descriptor.InputSize;
        var crops = attacked.Data.Open(AlignmentKind.ArcFace112x112, size);
        var faces = Enumerable.Range(0, crops.Count).Select(crops.Load).ToArray();
        var everybody = Embeddings(ImageTensors.ToTensor(faces));
        var threshold = attacked.Model.Descriptor.Threshold;
        float[] clean = ImageTensors.ToTensor(faces).data<float>().ToArray();
        foreach (var (part, first, count) in new[] { ("training", 0, People - Kept), ("kept", People - Kept, Kept) })
        {
            using var set = new AdversarialSet(_folder["d.training/attacked"], part, size, [Steps.Name]);
            var seen = new HashSet<int>();
            for (var i = 0; i < set.Count(AdversarialSet.Clean); i++)
            {
                var image = set.Read(AdversarialSet.Clean, i, 1);
                seen.Add(Enumerable.Range(0, faces.Length).Single(f => clean.AsSpan(f * size.Values, size.Values).SequenceEqual(image)));
            }
            seen.Count.ShouldBe(2 * count);
            seen.Select(crops.Person).ShouldAllBe(p => p >= first && p < first + count);
            var goals = new HashSet<string>();
            for (var i = 0; i < set.Count(Steps.Name); i++)
            {
                var image = set.Read(Steps.Name, i, 1);
                var (probe, norm) = seen.Select(f => (f, Norm(image, clean.AsSpan(f * size.Values, size.Values)))).MinBy(p => p.Item2);
                norm.ShouldBeGreaterThan(0);
                norm.ShouldBe(set.Norm(Steps.Name, i), 1e-3);
                var embedding = Embeddings(tensor(image, [1, 3, size.Height, size.Width]))[0];
                string[] fooled = [.. seen.Where(other => other != probe).Select(other =>
                {
                    var (before, after) = (Distance(everybody[probe], everybody[other]), Distance(embedding, everybody[other]));
                    return crops.Person(other) == crops.Person(probe) ? before <= threshold && after > threshold ? "hidden" : ""
                        : before > threshold && after <= threshold ? "somebody else" : "";
                }).Where(what => what.Length > 0)];
                fooled.ShouldNotBeEmpty($"{part}, image {i}");
                goals.UnionWith(fooled);
            }
            goals.Count.ShouldBe(2, part);
        }
        trained.Skipped.ShouldBe(0);

        float[][] Embeddings(Tensor images) => [.. attacked.Model.Embedder.Embed(images).data<float>().ToArray()
            .Chunk(attacked.Model.Embedder.EmbeddingSize)];
    }

    [Fact]
    public void Detectors_that_share_attacked_faces_are_the_same_as_by_themselves()
    {
        var alone = Settings(DetectorKind.Mahalanobis) with { Unseen = [Named("minimal/fgsm")] };
        Trainer(alone, "alone").Train(cancellation: Token);
        var shared = alone with { AttackedFolder = _folder["attacked"] };
        Trainer(Settings(DetectorKind.SafetyNet) with { AttackedFolder = _folder["attacked"] }, "first").Train(cancellation: Token);
        var doing = new HashSet<string>();
        var again = Trainer(shared, "second").Train(p => doing.Add($"{p.Doing} {p.Done}"), Token);
        File.ReadAllBytes(_folder["second.onnx"]).ShouldBe(File.ReadAllBytes(_folder["alone.onnx"]));
        again.Attacks.Select(a => a.Attack).ShouldBe([Steps.Name, "minimal/fgsm"]);
        doing.ShouldNotContain("attacking faces to learn from 0");
        doing.ShouldContain("attacking faces to judge on 0", "one attack is new");
        var squeezing = Trainer(Settings(DetectorKind.Squeeze) with { Purifiers = ["bits:4"], AttackedFolder = _folder["attacked"] }, "squeezing")
            .Train(cancellation: Token);
        (squeezing.Card.CleanFaces, squeezing.Card.AdversarialImages).ShouldBe((0, 0), "what others learned from is no matter");
        var error = Should.Throw<InputException>(() => Trainer(shared with { Seed = 7 }, "third").Train(cancellation: Token));
        error.Message.ShouldStartWith(_folder["attacked"]);
        error.Message.ShouldContain("holds faces of another model or of other photographs");
    }

    [Fact]
    public void What_squeezes_learns_nothing_and_is_judged_all_the_same()
    {
        var trained = Trainer(Settings(DetectorKind.Squeeze) with { Attacks = [], Unseen = [Steps], Purifiers = ["bits:4", "mean:3"] }, "s")
            .Train(cancellation: Token);
        (trained.Card.CleanFaces, trained.Card.AdversarialImages, trained.Card.CalibrationFaces).ShouldBe((0, 0, 12));
        trained.Card.Attacks.ShouldBeEmpty();
        trained.Attacks.Single().Learned.ShouldBeFalse();
        trained.Attacks.Single().Rates.Adversarial.ShouldBeGreaterThan(3);
        var named = Trainer(Settings(DetectorKind.Squeeze) with { Purifiers = ["bits:4"] }, "named").Train(cancellation: Token);
        (named.Card.Attacks.Count, named.Attacks.Single().Learned).ShouldBe((0, false));
    }

    [Fact]
    public void What_cannot_be_is_said_in_a_line()
    {
        var settings = Settings(DetectorKind.Mahalanobis) with { Attacks = [Nothing] };
        Refused("fooled mini with none of 28 faces", settings);
        Refused("holds another training; delete it, or name another file", settings with { Seed = 1 });
        Refused("holds another training", settings with { Kind = DetectorKind.Cnn });
        File.Exists(_folder["d.onnx"]).ShouldBeFalse();
        _folder.Write("d.onnx", "something");
        Refused("is there already; name a new file", settings);
        File.Delete(_folder["d.onnx"]);
        var folder = _folder["d.training"];
        Directory.Delete(folder, recursive: true);
        Refused("20 people, and 19 are kept", settings with { ValidationPeople = 19 });
        Refused("no activation", settings with { Layers = ["nothing"] });
        Refused("medain", settings with { Kind = DetectorKind.Residual, Purifiers = ["medain"] });
        Refused("what one purifier takes off; 2 are named", settings with { Kind = DetectorKind.Residual, Purifiers = ["mean", "median"] });
        Refused("named twice", settings with { Unseen = [Nothing] });
        Refused("needs one", settings with { Attacks = [] });
        Refused("19 faces are not possible", settings with { Faces = 19 });
        Refused("shares between 0 and 1", settings with { FalseAlarms = [1] });
        Refused("an even number", settings with { Batch = 7 });
        Refused("makes float images only", settings with { Unseen = [Named("foolbox-v1/fgsm")] });
        Directory.Exists(folder).ShouldBeFalse("nothing was begun");
        var error = Should.Throw<InputException>(() => new DetectorTrainer(attacked.Model, settings, attacked.Data, attacked.Crops,
            _folder["d.bin"]).Train());
        error.Message.ShouldContain("let its name end in .onnx");

        void Refused(string message, DetectorTrainingSettings settings)
        {
            var error = Should.Throw<InputException>(() => Trainer(settings, "d").Train(cancellation: Token));
            error.Message.ShouldContain(message);
            error.Message.ShouldNotContain("\n");
        }
    }

    [Fact]
    public void Photographs_that_cannot_be_used_are_left_out_unless_it_is_strict()
    {
        new SyntheticFolder(8, 4, 3).Write(_folder["faces"], threads: 2, cancellation: Token);
        File.WriteAllText(_folder["faces/images/Person_0001/Person_0001_0002.jpg"], "broken");
        var data = new TrainingData { Images = _folder["faces/images/"], Landmarks = _folder["faces/landmarks.csv"] };
        var settings = Settings(DetectorKind.Squeeze) with { Attacks = [], Purifiers = ["bits:4"], ValidationPeople = 6 };
        // The first two are for learning, where nothing is learned.
        new DetectorTrainer(attacked.Model, settings, data, Crops(data), _folder["a.onnx"]).Train(cancellation: Token).Skipped.ShouldBe(0);
        File.WriteAllText(_folder["faces/images/Person_0007/Person_0007_0001.jpg"], "broken");
        File.WriteAllText(_folder["faces/images/Person_0008/Person_0008_0003.jpg"], "broken");
        var trained = new DetectorTrainer(attacked.Model, settings with { ValidationFaces = 24 }, data, Crops(data),
            _folder["b.onnx"]).Train(cancellation: Token);
        trained.Skipped.ShouldBeInRange(2, 6); // and whom a broken one was the reference of
        (trained.Card.CalibrationFaces + trained.Skipped, trained.Card.Data).ShouldBe((24, "images"));
        var error = Should.Throw<InputException>(() =>
            new DetectorTrainer(attacked.Model, settings with { ValidationFaces = 24, Strict = true }, data, Crops(data),
                _folder["c.onnx"]).Train(cancellation: Token));
        error.Message.ShouldContain("Person_000");
    }

    private static readonly NamedAttack Steps = new("test/steps", new SignSteps());
    private static readonly NamedAttack Nothing = new("test/nothing", new NoAttack());

    private static NamedAttack Named(string name) => new(name, AttackRegistry.Resolve([name]).Single().Attack);

    private static DetectorTrainingSettings Settings(DetectorKind kind) => new()
    {
        Kind = kind,
        Attacks = [Steps],
        Faces = 100,
        ValidationPeople = Kept,
        ValidationFaces = 20,
        Epochs = 1,
        Batch = 8,
        Threads = 2,
    };

    private TrainingCrops Crops(TrainingData data) =>
        data.Open(AlignmentKinds.Parse(attacked.Model.Descriptor.Alignment), attacked.Model.Descriptor.InputSize);

    private DetectorTrainer Trainer(DetectorTrainingSettings settings, string name) => new(attacked.Model, settings, attacked.Data, attacked.Crops,
        _folder[$"{name}.onnx"]);

    private static double Norm(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++) sum += (a[i] - b[i]) * (double)(a[i] - b[i]);
        return Math.Sqrt(sum);
    }

    private static double Distance(float[] a, float[] b) => a.Zip(b, (x, y) => (x - y) * (double)(x - y)).Sum();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A few steps along the sign of the gradient: enough to fool the model with most faces, and quick.</summary>
    private sealed record SignSteps() : Attack(Masquerade.Attacks.Norm.L2, Access.WhiteBox)
    {
        protected override void Run(AttackProblem problem)
        {
            using var scope = NewDisposeScope();
            var direction = problem.MarginAndGradient().Gradient.sign();
            problem.Move(problem.Images.Plus(direction, -6 / 255.0));
        }
    }

    private sealed record NoAttack() : Attack(Masquerade.Attacks.Norm.L2, Access.Decision)
    {
        protected override void Run(AttackProblem problem)
        {
        }
    }
}
