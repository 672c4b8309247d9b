using Masquerade.Defenses.Restoration;
using Masquerade.Imaging;
using static TorchSharp.torch;

namespace Masquerade.Training.PatchPriors;

/// <summary>Judges a patch prior on people kept from training, always by the same patches and the same noisy crops.</summary>
internal sealed class PatchPriorValidation : IDisposable
{
    /// <summary>Standard deviation of the noise that EPLL has to take off, in levels of 255.</summary>
    public const double Sigma = 25;

    private const int MostPatches = 20_000;
    private const int MostCrops = 32;

    private readonly TrainingFaces _faces;
    private readonly ulong _seed;
    private readonly Tensor _patches;

    public PatchPriorValidation(TrainingFaces faces, PatchPriorSettings settings)
    {
        (_faces, _seed) = (faces, settings.Seed);
        var count = Math.Min(MostPatches, settings.Patches);
        _patches = PatchSample.Draw(faces.Crops, settings.PatchSize, count, new CounterRandom((long)_seed, "patches", "validation"));
        _patches.DetachFromDisposeScope();
    }

    /// <summary>The mean log-likelihood of a patch, in nats.</summary>
    public double Likelihood(PatchPrior prior) => PatchMixtureFit.Likelihood(prior, _patches);

    /// <summary>The likelihood, and what EPLL makes of noisy crops.</summary>
    public PatchPriorScores Judge(PatchPrior prior)
    {
        using var epll = new EpllPurifier(prior.Copy(), Sigma);
        var stride = (_faces.Count + MostCrops - 1) / MostCrops;
        int[] chosen = [.. Enumerable.Range(0, _faces.Count).Where(i => i % stride == 0)];
        var random = new CounterRandom((long)_seed, "noise", "validation");
        double before = 0, after = 0;
        foreach (var i in chosen)
        {
            using var scope = NewDisposeScope();
            var clean = ImageTensors.ToTensor([_faces.Crop(i)]);
            var noise = new float[clean.NumberOfElements];
            random.Gaussian(noise, i);
            var noisy = clean.Plus(tensor(noise, clean.shape), times: Sigma / 255).Clipped();
            before += Psnr(clean, noisy);
            after += Psnr(clean, epll.Purify(noisy));
        }
        return new PatchPriorScores(Likelihood(prior), before / chosen.Length, after / chosen.Length);
    }

    public void Dispose() => _patches.Dispose();

    private static double Psnr(Tensor clean, Tensor other) =>
        -10 * Math.Log10(Math.Max((clean - other).Squared().mean().item<float>(), 1e-12));
}
