using System.Globalization;
using Masquerade.Alignment;
using Masquerade.Attacks;
using Masquerade.Attacks.Minimal;
using Masquerade.Attacks.Strong;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Intervals;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Bench;

/// <summary>
/// How much harder a robust model is to fool than its plain twin: on the same synthetic pairs, for each pair the smallest L2 norm that
/// DeepFool, PGD (bisected radius) and the other model's adversarial directions find. And whether gradients tell the truth: beside
/// central differences along themselves.
/// </summary>
internal static class RobustnessBench
{
    private const double Failed = 1e9;

    public const string Usage = "--model FILE --robust FILE [--pairs N] [--seed S] [--batch N] [--threads N]";

    private sealed record Found(string Attack, double[] Norms);

    public static void Run(BenchOptions options)
    {
        var threads = options.Number("threads", Environment.ProcessorCount);
        var (count, batch, seed) = (options.Number("pairs", 100), options.Number("batch", 25), (ulong)options.Number("seed", 31));
        set_num_threads(threads);
        using var plain = Load(options.Text("model"), threads);
        using var robust = Load(options.Text("robust"), threads);
        using var scope = NewDisposeScope();
        var (probes, references, goals) = Paint(count, seed, plain.Descriptor.InputSize);
        var medians = new Dictionary<(FaceModel, AttackGoal), double>();
        var directions = new Dictionary<FaceModel, Tensor>();
        foreach (var (model, other) in new[] { (plain, robust), (robust, plain) })
        {
            Console.WriteLine($"{model.Descriptor.Name}: gradients agree with central differences to {Agreement(model, probes, references):P2} (median pair)");
            var deepFool = Attack(model, new MinimalDeepFool(), probes, references, goals, batch, out var found);
            directions[model] = found;
            var all = new List<Found>
            {
                new("minimal/deepfool", deepFool),
                new("thorough/pgd", Attack(model, new BisectedPgd(), probes, references, goals, batch, out _)),
            };
            // The other model's images point the way; how far is searched for.
            if (!directions.TryGetValue(other, out var way))
            {
                Attack(other, new MinimalDeepFool(), probes, references, goals, batch, out way);
                directions[other] = way;
            }
            all.Add(new($"transfer from {other.Descriptor.Name}", Attack(model, new AlongDirections(way), probes, references, goals, count, out _)));
            all.Add(new("smallest of all", [.. Enumerable.Range(0, count).Select(i => all.Min(f => f.Norms[i]))]));
            foreach (var goal in Enum.GetValues<AttackGoal>())
            {
                int[] own = [.. Enumerable.Range(0, count).Where(i => goals[i] == goal)];
                var wrong = own.Count(i => all[^1].Norms[i] == 0);
                Console.WriteLine(Line($"{model.Descriptor.Name}, {goal.ToString().ToLowerInvariant()}: {own.Length} pairs, {wrong} wrong before any attack and left out"));
                foreach (var attack in all)
                {
                    double[] norms = [.. own.Select(i => attack.Norms[i]).Where(n => n > 0)];
                    var reached = norms.Count(double.IsFinite);
                    var median = Median(norms);
                    if (attack == all[^1]) medians[(model, goal)] = median.Value;
                    Console.WriteLine(Line($"    {attack.Attack,-28} succeeds on {reached,3} of {norms.Length,3}, median L2 {Norm(median.Value)} [{Norm(median.Interval?.Low)}, {Norm(median.Interval?.High)}]"));
                }
            }
        }
        foreach (var goal in Enum.GetValues<AttackGoal>())
        {
            var (mine, its) = (medians[(robust, goal)], medians[(plain, goal)]);
            Console.WriteLine(Line($"{goal.ToString().ToLowerInvariant()}: {robust.Descriptor.Name} takes {mine / its:F2} times {plain.Descriptor.Name}'s median L2"));
        }
    }

    private static FaceModel Load(string path, int threads)
    {
        var model = FaceModel.Load(path, threads, gradients: true);
        return model.NotDifferentiable is { } problem ? throw new InputException(problem) : model;
    }

    private static (Tensor Probes, Tensor References, List<AttackGoal> Goals) Paint(int count, ulong seed, ImageSize size)
    {
        var faces = new SyntheticFaces(seed);
        FaceImage Crop(int person, int capture)
        {
            var photograph = faces.Photograph(person, capture);
            return FaceAligner.Align(photograph.Decode(), photograph.Landmarks, AlignmentKind.ArcFace112x112);
        }
        List<AttackGoal> goals = [.. Enumerable.Range(0, count).Select(i => i % 2 == 0 ? AttackGoal.Anonymize : AttackGoal.Impersonate)];
        var probes = ImageTensors.ToTensor([.. Enumerable.Range(0, count).Select(i => Crop(i, 0))]);
        var references = ImageTensors.ToTensor([.. goals.Select((goal, i) => goal == AttackGoal.Anonymize ? Crop(i, 1) : Crop(count + i, 1))]);
        return (probes, references, goals);
    }

    /// <summary>Smallest norms; 0 where the pair was wrong before, infinite where nothing was found.</summary>
    private static double[] Attack(
        FaceModel model, Attack attack, Tensor probes, Tensor references, List<AttackGoal> goals, int batch, out Tensor directions)
    {
        var verifier = new FaceVerifier(model.Embedder, model.Descriptor.Threshold);
        directions = zeros_like(probes);
        var norms = new List<double>();
        for (var at = 0; at < goals.Count; at += batch)
        {
            using var scope = NewDisposeScope();
            var size = Math.Min(batch, goals.Count - at);
            using var problem = new AttackProblem(
                verifier, probes.narrow(0, at, size), model.Embedder.Embed(references.narrow(0, at, size)), goals.GetRange(at, size),
                [.. Enumerable.Range(at, size).Select(i => $"pair{i}")], new AttackSettings());
            var results = attack.Execute(problem);
            for (var i = 0; i < size; i++)
            {
                norms.Add(results[i].Success ? results[i].L2 : double.PositiveInfinity);
                if (results[i].Adversarial is { } image) directions[at + i].copy_(tensor(image, probes.shape[1..]) - probes[at + i]);
            }
        }
        return [.. norms];
    }

    /// <summary>The slope of the distance along its own gradient, measured over the norm of the gradient; 1 where gradients are true.</summary>
    private static double Agreement(FaceModel model, Tensor probes, Tensor references)
    {
        const double step = 0.05;
        var embedder = (IDifferentiableEmbedder)model.Embedder;
        var ratios = new List<double>();
        for (var i = 0; i < Math.Min(50, probes.shape[0]); i++)
        {
            using var scope = NewDisposeScope();
            var reference = embedder.Embed(references.narrow(0, i, 1));
            var image = probes.narrow(0, i, 1).detach().requires_grad_(true);
            var gradient = autograd.grad([(embedder.EmbedForGradient(image) - reference).Squared().sum()], [image])[0];
            var norm = gradient.norm().item<float>();
            var way = gradient.Over(norm).Times(step);
            double Distance(Tensor x) => (embedder.Embed(x) - reference).Squared().sum().item<float>();
            ratios.Add((Distance(image.detach().Plus(way)) - Distance(image.detach() - way)) / (2 * step) / norm);
        }
        return ratios.Order().ElementAt(ratios.Count / 2);
    }

    private static Estimate Median(IEnumerable<double> norms)
    {
        // A failure is larger than any norm.
        double[] finite = [.. norms.Select(n => double.IsFinite(n) ? n : Failed)];
        return Bootstrap.MeanAndMedian(finite)?.Median ?? throw new InputException("no pair is right before the attack; give more --pairs");
    }

    private static string Norm(double? norm) => norm < Failed / 2 ? norm.Value.ToString("F3", CultureInfo.InvariantCulture) : "∞";

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>Goes along given directions, one a pair, until the verifier is fooled.</summary>
    private sealed record AlongDirections(Tensor Directions) : Attack(Norm.L2, Access.Decision)
    {
        protected override void Run(AttackProblem problem)
        {
            using var scope = NewDisposeScope();
            var chosen = Directions.index_select(0, tensor(problem.Active.Select(p => (long)p).ToArray()));
            DirectionSearch.Run(problem, chosen, _ => new AmplitudeSearch(1, 1000, 1.5, 0.005), _ => 60);
        }
    }
}
