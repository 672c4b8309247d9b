using System.Runtime.InteropServices;
using Masquerade.Attacks;
using Masquerade.Training.Verifiers;
using static TorchSharp.torch;

namespace Masquerade.Training.Tests;

public sealed class TrainingBatchesTests(PaintedFaces painted) : IClassFixture<PaintedFaces>
{
    [Fact]
    public void A_batch_is_the_same_whenever_it_is_asked_for()
    {
        using var scope = NewDisposeScope();
        var straight = Batches(5, seed: 4);
        var all = Enumerable.Range(0, 9).Select(step => Values(straight.At(step))).ToArray();
        foreach (var step in new[] { 7, 8, 0, 3, 3 })
            Values(Batches(5, seed: 4).At(step)).ShouldBe(all[step], $"step {step}");
        var jumping = Batches(5, seed: 4);
        foreach (var step in new[] { 7, 2, 3, 8, 0 }) Values(jumping.At(step)).ShouldBe(all[step], $"step {step}");
        all.Select(Convert.ToHexString).Distinct().Count().ShouldBe(9);
        Values(Batches(5, seed: 5).At(0)).ShouldNotBe(all[0]);
    }

    [Fact]
    public void An_epoch_shows_everybody_as_often_as_they_have_crops()
    {
        using var scope = NewDisposeScope();
        var batches = Batches(4, seed: 4);
        batches.StepsPerEpoch.ShouldBe(painted.Faces.Count / 4);
        var seen = Enumerable.Range(0, batches.StepsPerEpoch).SelectMany(step => batches.At(step).People.data<long>().ToArray());
        var counts = seen.CountBy(person => person).ToDictionary(c => c.Key, c => c.Value);
        counts.Count.ShouldBe(PaintedFaces.People);
        counts.Values.ShouldAllBe(count => count == PaintedFaces.Captures);
    }

    [Fact]
    public void A_change_keeps_values_in_range_and_differs_from_draw_to_draw()
    {
        var crop = painted.Faces.Crop(0);
        var drawn = new List<string>();
        for (ulong draw = 0; draw < 40; draw++)
        {
            var planar = new float[crop.Size.Values];
            planar.AsSpan().Fill(float.NaN);
            CropAugmentation.Write(crop, SplitMix.For(draw), planar);
            planar.ShouldAllBe(v => v >= 0 && v <= 1);
            drawn.Add(Convert.ToHexString(MemoryMarshal.AsBytes(planar.AsSpan(0, 600))));
        }
        drawn.Distinct().Count().ShouldBe(40);
    }

    [Fact]
    public void The_attack_stays_in_its_ball_and_in_range_and_raises_the_loss()
    {
        using var scope = NewDisposeScope();
        var (images, people) = Batches(8, seed: 4).At(0);
        using var network = new VerifierNetwork(1);
        using var softmax = new MarginSoftmax(MarginLoss.CosFace, 16, PaintedFaces.People, VerifierNetwork.EmbeddingSize, 1);
        network.eval();
        Tensor Loss(Tensor x) => softmax.Loss(network.forward(x), people, 0.2).Times(people.shape[0]);
        var before = images.clone();
        var attacked = new AdversarialBatch(4).Attack(images, 1.5, new CounterRandom(1, "test", ""), 0, Loss);
        images.equal(before).all().item<bool>().ShouldBeTrue("its argument is not its own");
        attacked.min().item<float>().ShouldBeGreaterThanOrEqualTo(0);
        attacked.max().item<float>().ShouldBeLessThanOrEqualTo(1);
        (attacked - images).Norms().ShouldAllBe(norm => norm > 0.5 && norm <= 1.5 * 1.0001);
        Loss(attacked).item<float>().ShouldBeGreaterThan(Loss(images).item<float>() * 1.02f);
    }

    private TrainingBatches Batches(int batch, ulong seed) =>
        new(painted.Faces, VerifierNetwork.InputSize, CropAugmentation.Write, batch, seed);

    private static byte[] Values((Tensor Images, Tensor People) batch) => [.. batch.Images.bytes, .. batch.People.bytes];
}
