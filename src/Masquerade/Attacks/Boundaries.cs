using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Attacks;

/// <summary>What an attack follows of a verifier.</summary>
internal enum BoundaryFunction
{
    /// <summary>The margin: falls towards success.</summary>
    Margin,

    /// <summary>The loss of the true class: rises towards success.</summary>
    Loss,
}

/// <summary>The boundaries that images have to cross: the verifier's and, where they may be refused, the detector's.</summary>
/// <param name="classifier">The verifier as a classifier.</param>
/// <param name="distances">The squared distance of each image.</param>
/// <param name="excesses">How far each image's score is above what is refused; −∞ without a detector.</param>
/// <param name="same">Whether each image and its reference show the same person.</param>
internal sealed class Boundaries(PairClassifier classifier, double[] distances, double[] excesses, bool[] same)
{
    private const double LeastSquare = 1e-30;

    /// <summary>
    /// Of the boundaries the one that is further away, as the linear model has it: its value and gradient at each image.
    /// </summary>
    /// <param name="function">What is wanted of the verifier; of the detector it is the excess, with the same sign.</param>
    /// <param name="ofDistance">[n,3,H,W]: gradients of the distances.</param>
    /// <param name="ofScore">[n,3,H,W]: gradients of the scores; null without a detector.</param>
    /// <param name="orthogonal">Whether a step towards one boundary is to leave the image where it is with respect to the other.</param>
    /// <returns>n values, and float32 [n,3,H,W], owned by the caller's scope.</returns>
    public (float[] Values, Tensor Gradient) Furthest(BoundaryFunction function, Tensor ofDistance, Tensor? ofScore, bool orthogonal)
    {
        using var scope = NewDisposeScope();
        var count = distances.Length;
        float[] values = [.. Enumerable.Range(0, count).Select(i => (float)(function == BoundaryFunction.Margin
            ? classifier.Margin(distances[i], same[i]) : classifier.Loss(distances[i], same[i])))];
        float[] slopes = [.. Enumerable.Range(0, count).Select(i => (float)(function == BoundaryFunction.Margin
            ? classifier.MarginSlope(distances[i], same[i]) : classifier.LossSlope(distances[i], same[i])))];
        var ofVerifier = ofDistance * slopes.PerImage();
        if (ofScore is null) return (values, ofVerifier.MoveToOuterDisposeScope());
        var sign = function == BoundaryFunction.Margin ? 1 : -1;
        var (steep, steepScore) = (ofDistance.Norms(), ofScore.Norms());
        var refused = new float[count];
        for (var i = 0; i < count; i++)
        {
            var margin = classifier.Margin(distances[i], same[i]) / (steep[i] * Math.Abs(classifier.MarginSlope(distances[i], same[i])));
            if (!(steepScore[i] > 0) || margin >= excesses[i] / steepScore[i]) continue;
            (refused[i], values[i]) = (1, (float)(sign * excesses[i]));
        }
        var (ofDetector, chosen) = (ofScore.Times(sign), refused.PerImage());
        var gradient = ofVerifier.Plus((ofDetector - ofVerifier) * chosen);
        if (orthogonal) gradient = Orthogonal(gradient, ofDetector.Plus((ofVerifier - ofDetector) * chosen));
        return (values, gradient.MoveToOuterDisposeScope());
    }

    /// <summary>What is left of gradients when their part along others is taken away.</summary>
    private static Tensor Orthogonal(Tensor gradients, Tensor others)
    {
        using var scope = NewDisposeScope();
        var along = (gradients * others).flatten(1).sum(1) / others.Squared().flatten(1).sum(1).AtLeast(LeastSquare);
        return (gradients - others * along.PerImage()).MoveToOuterDisposeScope();
    }
}
