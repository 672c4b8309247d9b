using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training.Verifiers;

/// <summary>How a margin softmax loss makes the true class harder.</summary>
public enum MarginLoss
{
    /// <summary>The margin is taken off the cosine (Wang et al., CVPR 2018).</summary>
    CosFace,

    /// <summary>The margin is added to the angle, in radians (Deng et al., CVPR 2019).</summary>
    ArcFace,
}

/// <summary>A margin softmax loss: one direction a person, cross-entropy over scaled cosines, the true one's made smaller.</summary>
internal sealed class MarginSoftmax : nn.Module
{
    private const double Edge = 1e-6; // the arc cosine's slope is infinite at ±1

    private readonly MarginLoss _kind;
    private readonly double _scale;
    private readonly TorchSharp.Modules.Parameter _directions;

    public MarginSoftmax(MarginLoss kind, double scale, int people, int embeddingSize, ulong seed) : base(nameof(MarginSoftmax))
    {
        (_kind, _scale) = (kind, scale);
        var values = new float[people * embeddingSize];
        new CounterRandom((long)seed, "first directions", people.ToString(CultureInfo.InvariantCulture)).Gaussian(values, 0);
        using var first = tensor(values, [people, embeddingSize]);
        _directions = new TorchSharp.Modules.Parameter(first.Times(0.1));
        register_parameter("directions", _directions);
    }

    /// <summary>Sets each person's direction to the mean of their embeddings (Qi et al., CVPR 2018), for a network that knows faces.</summary>
    /// <param name="means">[people, D], any lengths.</param>
    public void Imprint(Tensor means)
    {
        using var inference = no_grad();
        using var unit = nn.functional.normalize(means, 2, 1);
        _directions.copy_(unit);
    }

    /// <summary>The loss, a mean over the batch.</summary>
    /// <param name="embeddings">[N,D], rows of unit length.</param>
    /// <param name="people">int64 [N]: who each is.</param>
    /// <param name="margin">0 for a plain softmax.</param>
    /// <returns>A scalar, owned by the caller's scope.</returns>
    public Tensor Loss(Tensor embeddings, Tensor people, double margin)
    {
        using var scope = NewDisposeScope();
        var cosines = embeddings.matmul(nn.functional.normalize(_directions, 2, 1).t());
        var index = people.view(-1, 1);
        var own = cosines.gather(1, index);
        var harder = _kind switch
        {
            MarginLoss.CosFace => own.Minus(margin),
            // Beyond π − margin the cosine would rise again.
            _ => own.Between(-1 + Edge, 1 - Edge).acos().Plus(margin).AtMost(Math.PI).cos(),
        };
        return nn.functional.cross_entropy(cosines.scatter(1, index, harder).Times(_scale), people).MoveToOuterDisposeScope();
    }
}
