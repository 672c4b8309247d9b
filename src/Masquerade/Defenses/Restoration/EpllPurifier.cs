using System.Globalization;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Restoration;

/// <summary>
/// The image that explains a noisy one best while all its patches look like those of a prior: expected patch log likelihood (Zoran and
/// Weiss, ICCV 2011), by half-quadratic splitting. In every round each patch is filtered under its most likely component, and the mean of
/// overlapping patches is combined with the noisy image; the patches' say grows from round to round. Patches lie three pixels apart, at
/// other places each round. Its gradient is exact almost everywhere: where every patch keeps its component.
/// </summary>
public sealed record EpllPurifier : Purifier
{
    /// <summary>Standard deviation of the noise to take off, in levels of 255, where nobody says otherwise.</summary>
    public const double UsualSigma = 10;

    /// <summary>What the patches' say is in each round, as a multiple of the noisy image's: the paper's.</summary>
    internal static readonly IReadOnlyList<double> Rounds = [1, 4, 8, 16, 32];

    // Pixels from a patch to the next: of every pixel, restores within 0.1 dB and takes a ninth of the time.
    private const int Stride = 3;

    // First row and column of each round's patches, so that their seams lie elsewhere every time.
    private static readonly (int Down, int Across)[] Places = [(0, 0), (1, 2), (2, 1), (0, 1), (1, 0)];

    private readonly PatchPrior _prior;
    private readonly string? _file;
    private readonly PatchMixture[] _mixtures;

    /// <param name="prior">What patches look like; the purifier's from here on.</param>
    /// <param name="sigma">Standard deviation of the noise in levels of 255, above 0.</param>
    /// <param name="file">Where the prior is from, for the name; null: the one that ships with the program.</param>
    public EpllPurifier(PatchPrior prior, double sigma = UsualSigma, string? file = null)
    {
        ArgumentNullException.ThrowIfNull(prior);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sigma);
        (_prior, Sigma, _file) = (prior, sigma, file);
        _mixtures = [.. Rounds.Select(say => new PatchMixture(prior, sigma * sigma / (255 * 255 * say)))];
    }

    /// <summary>Standard deviation of the noise to take off, in levels of 255.</summary>
    public double Sigma { get; }

    /// <inheritdoc/>
    public override string Name =>
        string.Create(CultureInfo.InvariantCulture, $"epll:{Sigma}{(_file is null ? "" : $":{DefensePath.Write(_file)}")}");

    /// <summary>An image at a time: it comes out the same alone and in a batch, and a batch takes no more memory than one.</summary>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        var (height, width) = (images.shape[2], images.shape[3]);
        if (height < _prior.Side || width < _prior.Side)
            throw new InputException($"{Name}: images of {width}x{height} are smaller than its patches of {_prior.Side}x{_prior.Side}");
        PatchGrid[] grids =
            [.. Places.Select(place => new PatchGrid((int)height, (int)width, _prior.Side, Stride, place.Down, place.Across))];
        try
        {
            using var scope = NewDisposeScope();
            if (is_grad_enabled())
                return stack([.. images.unbind(0).Select(image => Restore(image.reshape(-1), grids))], 0).view(images.shape).MoveToOuterDisposeScope();
            var restored = empty_like(images);
            TorchWorkers.Run((int)images.shape[0], i => restored[i].copy_(Restore(images[i].reshape(-1), grids).view(images.shape[1..])));
            return restored.MoveToOuterDisposeScope();
        }
        finally
        {
            foreach (var grid in grids) grid.Dispose();
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (var mixture in _mixtures) mixture.Dispose();
        _prior.Dispose();
    }

    private Tensor Restore(Tensor noisy, PatchGrid[] grids)
    {
        using var scope = NewDisposeScope();
        var at = noisy;
        for (var round = 0; round < Rounds.Count; round++)
        {
            using var inner = NewDisposeScope();
            var (say, mixture) = (Rounds[round], _mixtures[round]);
            var restored = grids[round].Map(at, patches => Likeliest(mixture, patches));
            at = noisy.Plus(restored, times: say).Over(1 + say).MoveToOuterDisposeScope();
        }
        return at.MoveToOuterDisposeScope();
    }

    private static Tensor Likeliest(PatchMixture mixture, Tensor patches)
    {
        using var scope = NewDisposeScope();
        var (means, left) = PatchPrior.Centred(patches);
        var filtered = mixture.Filter(left, mixture.Scores(left).argmax(1));
        return filtered.view(patches.shape[0], 3, -1).Plus(means).view(patches.shape).MoveToOuterDisposeScope();
    }
}
