using Masquerade.Attacks;
using Masquerade.Detection;
using Masquerade.Evaluation.Experiments;
using Masquerade.Imaging;
using Masquerade.Networks.Onnx;
using static TorchSharp.torch;

namespace Masquerade.Tests.Attacks;

/// <summary>Attacks that have to fool a verifier and to pass a detector.</summary>
public class JointAttackTests
{
    private const double Excess = 0.4;
    private static readonly ImageSize Size = new(16, 16);

    /// <summary>
    /// A detector that is linear in what the verifier does not see: the smallest change that crosses both boundaries is the root of the
    /// squared smallest changes that cross one.
    /// </summary>
    [Theory]
    [InlineData("strong/fmn", 1.08)]
    [InlineData("strong/pgd-l2", 1.1)]
    [InlineData("joint/penalty", 1.1)]
    [InlineData("joint/orthogonal", 1.08)]
    [InlineData("minimal/deepfool", 1.5)]
    public void They_cross_both_boundaries(string name, double slack)
    {
        var problem = new ConeProblem(6, Size);
        using var detector = Linear(problem.Weights, -Excess);
        var results = problem.Attack(AttackRegistry.Resolve([name]).Single().Attack, detector: detector);
        for (var i = 0; i < results.Count; i++)
        {
            // The clean probe is refused: that hides already.
            results[i].AlreadyWrong.ShouldBe(problem.Goals[i] == AttackGoal.Anonymize, $"pair {i}");
            if (results[i].AlreadyWrong) continue;
            results[i].Success.ShouldBeTrue($"pair {i}");
            var optimum = Math.Sqrt(problem.SmallestL2[i] * problem.SmallestL2[i] + Excess * Excess);
            results[i].L2.ShouldBeInRange(optimum * 0.99, optimum * slack, $"pair {i}");
            using var image = tensor(results[i].Adversarial!, [1, 3, Size.Height, Size.Width]);
            detector.Refuses(image)[0].ShouldBeFalse($"pair {i}");
        }
    }

    [Theory]
    [InlineData("strong/fmn", 200)]
    [InlineData("joint/penalty", 400)]
    [InlineData("joint/orthogonal", 200)]
    [InlineData("minimal/deepfool", 200)]
    [InlineData("minimal/fgsm", 200)]
    public void Their_budgets_hold(string name, long most)
    {
        var problem = new ConeProblem(6, Size);
        foreach (var threshold in new[] { -Excess, -100, 100 })
        {
            using var detector = Linear(problem.Weights, threshold);
            foreach (var result in problem.Attack(AttackRegistry.Resolve([name]).Single().Attack, StorageRule.EightBit, detector))
            {
                (result.Forwards + result.Backwards).ShouldBeLessThanOrEqualTo(most);
                // Nothing in the box is that unsuspicious.
                if (threshold == -100) (result.Success && !result.AlreadyWrong).ShouldBeFalse();
            }
        }
    }

    /// <summary>A detector that lets everything pass changes nothing.</summary>
    [Theory]
    [InlineData("strong/fmn")]
    [InlineData("minimal/deepfool")]
    [InlineData("minimal/fgsm")]
    public void Where_nothing_is_refused_it_is_the_attack_on_the_bare_verifier(string name)
    {
        var problem = new ConeProblem(4, Size);
        using var detector = Linear(problem.Weights, 1000);
        var attack = AttackRegistry.Resolve([name]).Single().Attack;
        var (bare, defended) = (problem.Attack(attack), problem.Attack(attack, detector: detector));
        for (var i = 0; i < bare.Count; i++) defended[i].L2.ShouldBe(bare[i].L2, 0.02 * bare[i].L2, $"pair {i}");
    }

    [Theory]
    [InlineData(4, 20, 20)]
    [InlineData(1, 11, 13)]
    public void Penalty_finds_the_smallest_L2_of_a_bare_verifier(int batch, int width, int height)
    {
        var problem = new ConeProblem(batch, new ImageSize(width, height));
        var results = problem.Attack(AttackRegistry.Resolve(["joint/penalty"]).Single().Attack);
        for (var i = 0; i < batch; i++)
            results[i].L2.ShouldBeInRange(problem.SmallestL2[i] * 0.9999, problem.SmallestL2[i] * 1.05, $"pair {i}");
    }

    /// <summary>The part of an image along a direction of unit length that the verifier does not see.</summary>
    private static Detector Linear(Tensor weights, double threshold)
    {
        using var scope = NewDisposeScope();
        var random = new Random(5);
        var direction = tensor(Enumerable.Range(0, Size.Values).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray());
        direction = direction - weights.T.matmul(weights.matmul(direction));
        direction = direction / direction.norm();
        var model = new OnnxModelBuilder(17, -1, 3, Size.Height, Size.Width)
            .Constant("grey", [1], 0.5f).Node("Sub", ["x", "grey"], ["centred"])
            .Node("Flatten", ["centred"], ["flat"], ("axis", 1))
            .Constant("direction", [Size.Values, 1], direction.data<float>().ToArray()).Node("MatMul", ["flat", "direction"])
            .Build();
        var card = new DetectorCard
        {
            Kind = DetectorKind.Cnn,
            Model = "cone",
            ModelSha256 = "",
            Width = Size.Width,
            Height = Size.Height,
            Data = "none",
            CalibrationFaces = 0,
            Thresholds = [new DetectorThreshold(0.01, threshold)],
        };
        return Detector.Open("linear", new DetectorFile(card, model), null!, 1, gradients: true, 0.01, "linear");
    }
}
