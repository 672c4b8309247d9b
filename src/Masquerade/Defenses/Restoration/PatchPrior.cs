using Masquerade.Networks.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Restoration;

/// <summary>
/// What small patches of colour images look like: a mixture of Gaussians over a patch less the mean of each of its channels (Zoran and
/// Weiss, ICCV 2011), nothing being said about the means. A component's covariance has <see cref="Rank"/> directions with a variance of
/// their own and one variance for all others (Tipping and Bishop, Neural Computation 1999).
/// </summary>
public sealed class PatchPrior : IDisposable
{
    /// <summary>Longest side of a patch.</summary>
    public const int MostSide = 16;

    /// <summary>Most components.</summary>
    public const int MostComponents = 1000;

    /// <summary>Name of the prior that ships with the program.</summary>
    internal const string ShippedFile = "patch-prior.safetensors";

    /// <summary>Most values of all bases together: a file that holds them can be read back.</summary>
    internal const long MostBaseValues = MostBytes / 2 / sizeof(float);

    private const long MostBytes = 64L << 20;
    private const double Tolerance = 1e-3;

    private const string WeightsName = "weights";
    private const string BasesName = "bases";
    private const string VariancesName = "variances";
    private const string RestName = "rest";

    /// <summary>A prior of these parameters, which are copied.</summary>
    /// <param name="weights">float32 [K], a sum of 1.</param>
    /// <param name="bases">float32 [K,3·side²,r]: orthonormal columns that sum to 0 over each channel.</param>
    /// <param name="variances">float32 [K,r], none below the component's rest.</param>
    /// <param name="rest">float32 [K], above 0.</param>
    internal PatchPrior(Tensor weights, Tensor bases, Tensor variances, Tensor rest)
    {
        using var scope = NewDisposeScope();
        (Weights, Bases, Variances, Rest) = (Kept(weights), Kept(bases), Kept(variances), Kept(rest));
        Side = (int)Math.Round(Math.Sqrt(bases.shape[1] / 3.0));
    }

    /// <summary>Side of a patch in pixels.</summary>
    public int Side { get; }

    /// <summary>How many Gaussians.</summary>
    public int Components => (int)Weights.shape[0];

    /// <summary>Directions of a covariance that have a variance of their own.</summary>
    public int Rank => (int)Bases.shape[2];

    /// <summary>Values of a patch: three channels.</summary>
    internal int Values => (int)Bases.shape[1];

    /// <summary>Dimensions in which a patch can differ from its channels' means.</summary>
    internal int Dimension => Values - 3;

    internal Tensor Weights { get; }

    internal Tensor Bases { get; }

    internal Tensor Variances { get; }

    internal Tensor Rest { get; }

    /// <summary>Reads a prior that <c>masq train patch-prior</c> wrote.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <exception cref="InputException">Missing, damaged, too large, or not a prior.</exception>
    public static PatchPrior Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Require(path, !File.Exists(path) || new FileInfo(path).Length <= MostBytes, $"it has more than {MostBytes >> 20} MiB");
        var file = CheckpointReader.Read(path);
        var shape = Take(path, file, BasesName).Shape;
        if (shape is not [>= 1 and <= MostComponents, var values, var rank]) throw NotOurs(path, $"{BasesName} is {file[BasesName]}");
        var side = Enumerable.Range(2, MostSide - 1).FirstOrDefault(s => 3 * s * s == values);
        if (side == 0 || rank < 1 || rank > values - 3) throw NotOurs(path, $"{BasesName} is {file[BasesName]}");
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var (weights, bases) = (Finite(path, file, WeightsName, shape[0]), Finite(path, file, BasesName, shape[0], values, rank));
        var (variances, rest) = (Finite(path, file, VariancesName, shape[0], rank), Finite(path, file, RestName, shape[0]));
        var (least, total) = (weights.min().item<float>(), weights.sum().item<float>());
        Require(path, least >= 0 && Math.Abs(total - 1) < Tolerance, "its weights are no shares");
        var excess = (variances - rest.unsqueeze(1)).min().item<float>();
        Require(path, rest.min().item<float>() > 0 && excess >= 0, "its variances are impossible");
        var skew = (bases.transpose(1, 2).matmul(bases) - eye(rank)).abs().max().item<float>();
        var means = bases.view(shape[0], 3, -1, rank).sum(2).abs().max().item<float>();
        Require(path, skew < Tolerance && means < Tolerance, "its bases are not orthonormal, or hold channels' means");
        return new PatchPrior(weights, bases, variances, rest);
    }

    /// <summary>Writes the prior, whole or not at all.</summary>
    /// <param name="path">The file; what is there is replaced.</param>
    /// <exception cref="InputException">It cannot be written.</exception>
    public void Write(string path) => SafetensorsWriter.Write(path, Tensors());

    /// <summary>The same prior again, for somebody who disposes of it.</summary>
    internal PatchPrior Copy() => new(Weights, Bases, Variances, Rest);

    /// <summary>Its parameters under the names that they have in a file.</summary>
    internal Dictionary<string, Tensor> Tensors() => new()
    {
        [WeightsName] = Weights,
        [BasesName] = Bases,
        [VariancesName] = Variances,
        [RestName] = Rest,
    };

    /// <summary>The mean of each channel of patches, and what is left of them.</summary>
    /// <param name="patches">[n,3·side²].</param>
    /// <returns>[n,3,1] and [n,3·side²], owned by the caller's scope.</returns>
    internal static (Tensor Means, Tensor Left) Centred(Tensor patches)
    {
        using var scope = NewDisposeScope();
        var channels = patches.view(patches.shape[0], 3, -1);
        var means = channels.mean([2], keepdim: true);
        return (means.MoveToOuterDisposeScope(), (channels - means).view(patches.shape).MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in Tensors().Values) tensor.Dispose();
    }

    private static Tensor Kept(Tensor tensor) => tensor.detach().clone().contiguous().DetachFromDisposeScope();

    private static CheckpointTensor Take(string path, IReadOnlyDictionary<string, CheckpointTensor> file, string name) =>
        file.TryGetValue(name, out var found) ? found : throw NotOurs(path, $"{name} is missing");

    private static Tensor Finite(string path, IReadOnlyDictionary<string, CheckpointTensor> file, string name, params long[] shape)
    {
        var found = Take(path, file, name);
        if (found.Type != ScalarType.Float32 || !found.Shape.SequenceEqual(shape))
            throw NotOurs(path, $"{name} is {found}, not Float32 [{string.Join(", ", shape)}]");
        var value = found.ToTensor();
        Require(path, value.isfinite().all().item<bool>(), $"{name} holds NaN or infinite values");
        return value;
    }

    private static void Require(string path, bool holds, string problem)
    {
        if (!holds) throw NotOurs(path, problem);
    }

    private static InputException NotOurs(string path, string why) =>
        new($"{path}: is no patch prior ({why}); train one with masq train patch-prior");
}
