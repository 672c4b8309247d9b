using Masquerade.Training.Verifiers;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training.Tests.Verifiers;

public sealed class MarginSoftmaxTests
{
    private const int People = 5;
    private const int Size = 4;
    private const double Scale = 7;

    [Theory]
    [InlineData(MarginLoss.CosFace, 0.0)]
    [InlineData(MarginLoss.CosFace, 0.35)]
    [InlineData(MarginLoss.ArcFace, 0.5)]
    public void It_is_the_cross_entropy_of_scaled_cosines_with_the_true_one_made_smaller(MarginLoss kind, double margin)
    {
        using var scope = NewDisposeScope();
        var softmax = new MarginSoftmax(kind, Scale, People, Size, seed: 3);
        var (embeddings, people) = Batch();
        var expected = 0.0;
        var directions = Rows(softmax.state_dict()["directions"]);
        for (var i = 0; i < people.Length; i++)
        {
            var logits = directions.Select(d => Scale * Cosine(d, embeddings[i])).ToArray();
            var own = Cosine(directions[people[i]], embeddings[i]);
            logits[people[i]] = Scale * (kind == MarginLoss.CosFace ? own - margin : Math.Cos(Math.Min(Math.Acos(own) + margin, Math.PI)));
            expected += Math.Log(logits.Sum(Math.Exp)) - logits[people[i]];
        }
        var loss = softmax.Loss(Tensor(embeddings), tensor(people), margin);
        loss.item<float>().ShouldBe((float)(expected / people.Length), 1e-4f);
    }

    [Theory]
    [InlineData(MarginLoss.CosFace)]
    [InlineData(MarginLoss.ArcFace)]
    public void Its_gradient_is_finite_where_an_embedding_lies_on_its_direction(MarginLoss kind)
    {
        using var scope = NewDisposeScope();
        var softmax = new MarginSoftmax(kind, Scale, People, Size, seed: 3);
        var on = nn.functional.normalize(softmax.state_dict()["directions"][TensorIndex.Slice(1, 2)], 2, 1).detach().requires_grad_(true);
        var gradient = autograd.grad([softmax.Loss(on, tensor(new long[] { 1 }), 0.4)], [on])[0];
        gradient.isfinite().all().item<bool>().ShouldBeTrue();
    }

    private static (double[][] Embeddings, long[] People) Batch()
    {
        var random = new Random(5);
        double[][] rows = [.. Enumerable.Range(0, 6).Select(_ => Unit([.. Enumerable.Range(0, Size).Select(_ => random.NextDouble() - 0.5)]))];
        return (rows, [0, 1, 2, 3, 4, 0]);
    }

    private static double[] Unit(double[] v) => [.. v.Select(x => x / Math.Sqrt(v.Sum(y => y * y)))];

    private static double Cosine(double[] a, double[] b) => Unit(a).Zip(Unit(b), (x, y) => x * y).Sum();

    private static double[][] Rows(Tensor tensor) =>
        [.. Enumerable.Range(0, (int)tensor.shape[0]).Select(i => tensor[i].to(ScalarType.Float64).data<double>().ToArray())];

    private static Tensor Tensor(double[][] rows) =>
        tensor(rows.SelectMany(r => r).Select(v => (float)v).ToArray(), [rows.Length, Size]);
}
