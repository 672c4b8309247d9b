using Masquerade.Imaging;
using static TorchSharp.torch;

namespace Masquerade.Training.Denoisers;

/// <summary>How good a denoiser is on people that it never saw: means over their crops.</summary>
/// <param name="Psnr">Peak signal-to-noise ratio of what it gives, in dB.</param>
/// <param name="DisturbedPsnr">The same of what it is given.</param>
public sealed record DenoiserScores(double Psnr, double DisturbedPsnr) : ITrainingScores
{
    /// <inheritdoc/>
    public double Score => Psnr;
}

/// <summary>Judges a denoiser on people kept from training: the same crops, disturbed in the same way, every time.</summary>
internal sealed class DenoiserValidation(TrainingFaces faces, Disturbance disturbance, ulong seed)
{
    private const int MostCrops = 128;
    private const int Batch = 16;

    private readonly CounterRandom _random = new((long)seed, "validation", "");

    public DenoiserScores Judge(DenoiserNetwork network)
    {
        network.eval();
        var stride = Math.Max(1, (faces.Count + MostCrops - 1) / MostCrops);
        int[] chosen = [.. Enumerable.Range(0, faces.Count).Where(i => i % stride == 0)];
        var (psnr, before, done) = (0.0, 0.0, 0);
        foreach (var part in chosen.Chunk(Batch))
        {
            using var scope = NewDisposeScope();
            var clean = ImageTensors.ToTensor([.. part.Select(faces.Crop)]);
            // Strengths spread evenly over the crops, so that no draw decides.
            float[] strengths = [.. Enumerable.Range(done, part.Length).Select(i => (i + 0.5f) / chosen.Length)];
            var disturbed = disturbance.Apply(clean, strengths, _random, done);
            using var inference = no_grad();
            psnr += Sum(network.forward(disturbed).Clipped(), clean);
            before += Sum(disturbed, clean);
            done += part.Length;
        }
        return new DenoiserScores(psnr / chosen.Length, before / chosen.Length);
    }

    private static double Sum(Tensor images, Tensor clean) =>
        -10 * (images - clean).Squared().flatten(1).mean([1]).AtLeast(1e-12).log10().sum().item<float>();
}
