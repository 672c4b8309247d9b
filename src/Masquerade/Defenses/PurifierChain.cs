using static TorchSharp.torch;

namespace Masquerade.Defenses;

/// <summary>Purifiers one after another, as <c>median:3+jpeg:75</c>.</summary>
/// <param name="Parts">At least one, in the order of use.</param>
public sealed record PurifierChain(IReadOnlyList<Purifier> Parts) : Purifier
{
    /// <inheritdoc/>
    public override string Name => string.Join('+', Parts.Select(p => p.Name));

    /// <inheritdoc/>
    public override PurifierGradient Gradient =>
        Parts.All(p => p.Gradient == PurifierGradient.Exact) ? PurifierGradient.Exact : PurifierGradient.StraightThrough;

    /// <inheritdoc/>
    public override bool IsRandom => Parts.Any(p => p.IsRandom);

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws) =>
        Through(images, draws, (part, at, own) => part.Purify(at, own));

    /// <summary>Each part has the gradient that it has: only those without one are passed straight through.</summary>
    protected override Tensor ApplyForGradient(Tensor images, IReadOnlyList<RandomDraw> draws) =>
        Through(images, draws, (part, at, own) => part.PurifyForGradient(at, own));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (var part in Parts) part.Dispose();
    }

    private Tensor Through(
        Tensor images, IReadOnlyList<RandomDraw> draws, Func<Purifier, Tensor, IReadOnlyList<RandomDraw>?, Tensor> purify)
    {
        var at = images.alias();
        for (var i = 0; i < Parts.Count; i++)
        {
            var (before, part) = (at, Parts[i]);
            at = purify(part, before, part.IsRandom ? [.. draws.Select(d => d.Part(i, Parts.Count))] : null);
            // What autograd needs of it, autograd holds.
            before.Dispose();
        }
        return at;
    }
}
