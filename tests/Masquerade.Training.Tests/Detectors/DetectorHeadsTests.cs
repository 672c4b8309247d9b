using Masquerade.Detection;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using Masquerade.Training.Detectors;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training.Tests.Detectors;

public sealed class DetectorHeadsTests
{
    private const int Width = 7;

    [Fact]
    public void Squeeze_takes_the_largest()
    {
        var model = DetectorHeads.Squeeze(3).Build();
        float[] distances = [0.1f, 0.7f, 0.3f, 2, 1, 0];
        Engines.OnnxRuntime(model, distances, [2, 3]).Values.ShouldBe([0.7f, 2f]);
        Engines.Agree(model, distances, [2, 3]);
    }

    [Fact]
    public void Mahalanobis_is_what_its_formula_says()
    {
        using var scope = NewDisposeScope();
        var (clean, adversarial) = (Rows(90, 1, 0), Rows(70, 2, 0.8));
        int[] widths = [3, 4];
        var model = DetectorHeads.Mahalanobis(clean, adversarial, widths).Build();
        var all = cat([clean, adversarial]);
        // One layer at a time, by the inverse of the shrunk covariance.
        var distances = new List<Tensor>();
        for (var (at, layer) = (0, 0); layer < widths.Length; at += widths[layer++])
        {
            var own = clean.narrow(1, at, widths[layer]).to(ScalarType.Float64);
            var mean = own.mean([0]);
            var covariance = (own - mean).t().matmul(own - mean).Over(90L);
            var round = eye(widths[layer], dtype: ScalarType.Float64).Times(covariance.trace().item<double>() / widths[layer]);
            var inverse = linalg.inv(covariance.Times(0.95).Plus(round, 0.05));
            var x = all.narrow(1, at, widths[layer]).to(ScalarType.Float64) - mean;
            distances.Add((x.matmul(inverse) * x).sum(1).Plus(1).log());
        }
        var rows = stack(distances, 1);
        var labels = cat([zeros(90, ScalarType.Float64), ones(70, ScalarType.Float64)]);
        var (weights, bias) = LogisticRegression.Fit(rows, labels);
        var expected = rows.matmul(tensor(weights)).Plus(bias).data<double>().ToArray();
        var scores = Engines.OnnxRuntime(model, Values(all), [160, Width]).Values;
        for (var i = 0; i < scores.Length; i++) ((double)scores[i]).ShouldBe(expected[i], 1e-3 * Math.Max(1, Math.Abs(expected[i])));
        DetectionRates.Of(scores[..90], scores[90..]).Auc.ShouldBeGreaterThan(0.8);
        Engines.Agree(model, Values(all), [160, Width]);
        Engines.GradientHolds(model, Values(all), [160, Width], new Random(4), "mahalanobis");
    }

    [Fact]
    public void Safetynet_decides_on_levels_as_its_machine_does()
    {
        using var scope = NewDisposeScope();
        var (clean, adversarial) = (Rows(80, 3, 0), Rows(60, 4, 1));
        var model = DetectorHeads.SafetyNet(clean, adversarial).Build();
        var levels = Levels(clean);
        float[][] innocent = [.. levels(clean)], attacked = [.. levels(adversarial)];
        var means = Enumerable.Range(0, Width).Select(c => innocent.Average(r => (double)r[c])).ToArray();
        var variance = innocent.Average(r => r.Select((v, c) => (v - means[c]) * (v - means[c])).Sum());
        var machine = SupportVectors.Train(
            [.. innocent, .. attacked], [.. innocent.Select(_ => false), .. attacked.Select(_ => true)], 1, 1 / variance);
        var fresh = Rows(50, 5, 0.5);
        var scores = Engines.OnnxRuntime(model, Values(fresh), [50, Width]).Values;
        foreach (var (score, row) in scores.Zip(levels(fresh))) ((double)score).ShouldBe(machine.Decide(row), 1e-4);
        var own = Engines.OnnxRuntime(model, Values(cat([clean, adversarial])), [140, Width]).Values;
        DetectionRates.Of(own[..80], own[80..]).Auc.ShouldBeGreaterThan(0.9);
    }

    [Fact]
    public void Its_stand_in_follows_the_score_and_has_a_gradient()
    {
        using var scope = NewDisposeScope();
        // Activations behind a rectifier: many are zero, some always.
        Tensor Rectified(Tensor rows) => cat([rows.AtLeast(0), zeros(rows.shape[0], 2)], 1);
        var (clean, adversarial, fresh) = (Rectified(Rows(150, 6, 0)), Rectified(Rows(150, 7, 1)), Rectified(Rows(100, 8, 0.5)));
        var model = DetectorHeads.SafetyNet(clean, adversarial).Build();
        var hard = Engines.OnnxRuntime(model, Values(fresh), fresh.shape).Values;
        using var network = OnnxTorchNetwork.Import(model, "safetynet", DetectorFile.SoftOutput);
        var x = fresh.detach().requires_grad_();
        var soft = network.Forward(x).reshape(-1);
        var gradient = autograd.grad([soft.sum()], [x])[0];
        gradient.isfinite().all().item<bool>().ShouldBeTrue();
        gradient.abs().sum([1]).gt(tensor(1e-6f)).to(ScalarType.Float32).mean().item<float>().ShouldBeGreaterThan(0.9f);
        gradient.abs().max().item<float>().ShouldBeLessThan(100);
        Correlation(hard, soft.data<float>().ToArray()).ShouldBeGreaterThan(0.8);
    }

    private static double Correlation(float[] a, float[] b)
    {
        var (meanA, meanB) = (a.Average(), b.Average());
        return a.Zip(b, (x, y) => (x - meanA) * (double)(y - meanB)).Sum()
            / Math.Sqrt(a.Sum(x => (x - meanA) * (double)(x - meanA)) * b.Sum(y => (y - meanB) * (double)(y - meanB)));
    }

    /// <summary>How many of three quartiles of the clean rows a value is above.</summary>
    private static Func<Tensor, IEnumerable<float[]>> Levels(Tensor clean)
    {
        var rows = Values(clean).Chunk(Width).ToArray();
        float[][] bounds = [.. Enumerable.Range(0, Width).Select(c =>
        {
            float[] sorted = [.. rows.Select(r => r[c]).Order()];
            return (float[])[sorted[(int)(0.25 * (rows.Length - 1))], sorted[(int)(0.5 * (rows.Length - 1))],
                sorted[(int)(0.75 * (rows.Length - 1))]];
        })];
        return tensor => Values(tensor).Chunk(Width).Select(r => r.Select((v, c) => (float)bounds[c].Count(b => v > b)).ToArray());
    }

    /// <summary>Rows of values that hang together, moved by some shift.</summary>
    private static Tensor Rows(int count, int seed, double shift)
    {
        var random = new Random(seed);
        var values = new float[count * Width];
        for (var i = 0; i < count; i++)
        {
            var common = random.NextDouble() - 0.5;
            for (var c = 0; c < Width; c++)
                values[i * Width + c] = (float)((c + 1) * (common + random.NextDouble() + random.NextDouble() - 1
                    + shift * (c % 2 == 0 ? 1 : -0.5)));
        }
        return tensor(values, [count, Width]);
    }

    private static float[] Values(Tensor rows) => rows.contiguous().data<float>().ToArray();
}
