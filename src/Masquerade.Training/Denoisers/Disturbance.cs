using Masquerade.Alignment;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Training.Verifiers;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training.Denoisers;

/// <summary>What a denoiser learns to undo.</summary>
internal abstract class Disturbance : IDisposable
{
    /// <summary>Size of the images that it is learned on.</summary>
    public abstract ImageSize Size { get; }

    /// <summary>Disturbs images.</summary>
    /// <param name="clean">[N,3,H,W] in [0,1].</param>
    /// <param name="strengths">How much each is disturbed, from 0 to 1: the least to the most there is.</param>
    /// <param name="random">Draws.</param>
    /// <param name="draw">Which draw of it.</param>
    /// <returns>[N,3,H,W], owned by the caller's scope.</returns>
    public abstract Tensor Apply(Tensor clean, float[] strengths, CounterRandom random, int draw);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }

    /// <summary>Numbers between two, one an image.</summary>
    /// <returns>[N,1,1,1], owned by the caller's scope.</returns>
    protected static Tensor PerImage(float[] strengths, double least, double most) =>
        tensor([.. strengths.Select(s => (float)(least + s * (most - least)))], [strengths.Length, 1, 1, 1]);
}

/// <summary>Gaussian noise, not clipped.</summary>
internal sealed class GaussianDisturbance(NoiseLevels levels, int window) : Disturbance
{
    public override ImageSize Size => new(window, window);

    public override Tensor Apply(Tensor clean, float[] strengths, CounterRandom random, int draw)
    {
        using var scope = NewDisposeScope();
        var values = new float[clean.NumberOfElements];
        random.Gaussian(values, draw);
        var deviations = PerImage(strengths, levels.Least / NoiseLevels.White, levels.Most / NoiseLevels.White);
        return clean.PlusProduct(tensor(values, clean.shape), deviations).MoveToOuterDisposeScope();
    }
}

/// <summary>Attacks on a model: every other image is to be anybody else, those between the next image's person.</summary>
internal sealed class AdversarialDisturbance : Disturbance
{
    private readonly AdversarialSettings _settings;
    private readonly FaceModel _model;
    private readonly IDifferentiableEmbedder _embedder;

    /// <param name="noise">The model and how it is attacked.</param>
    /// <param name="threads">Threads of a forward pass.</param>
    /// <exception cref="InputException">The model cannot be loaded or differentiated, or takes other crops.</exception>
    public AdversarialDisturbance(AdversarialNoise noise, int threads)
    {
        _settings = noise.Attack;
        _model = FaceModel.Load(noise.Model, threads, gradients: true);
        var (descriptor, kind) = (_model.Descriptor, AlignmentKind.ArcFace112x112.Name());
        var problem = (descriptor.InputSize, descriptor.Alignment) != (TrainingFaces.CropSize, kind)
            ? $"takes crops of {descriptor.InputSize} ({descriptor.Alignment}), but denoisers are trained on {kind}; name a model of those"
            : _model.Embedder is not IDifferentiableEmbedder ? $"cannot be differentiated ({_model.NotDifferentiable}); name another model"
            : null;
        if (problem is not null)
        {
            _model.Dispose();
            throw new InputException($"{noise.Model}: {problem}");
        }
        _embedder = (IDifferentiableEmbedder)_model.Embedder;
    }

    public override ImageSize Size => TrainingFaces.CropSize;

    public override Tensor Apply(Tensor clean, float[] strengths, CounterRandom random, int draw)
    {
        using var scope = NewDisposeScope();
        var (own, signs) = (_embedder.Embed(clean), new float[strengths.Length]);
        for (var i = 0; i < signs.Length; i++) signs[i] = i % 2 == 0 ? 1 : -1;
        var sign = tensor(signs);
        var references = where(sign.view(-1, 1).IsNegative(), own.roll(-1, 0), own);
        Tensor Loss(Tensor images) => ((_embedder.EmbedForGradient(images) - references).Squared().sum(1) * sign).sum();
        return new AdversarialBatch(_settings.Steps).Attack(clean, PerImage(strengths, 0, _settings.Epsilon), random, draw, Loss)
            .MoveToOuterDisposeScope();
    }

    public override void Dispose() => _model.Dispose();
}
