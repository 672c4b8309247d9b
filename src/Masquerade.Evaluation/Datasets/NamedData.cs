using Masquerade.Alignment;
using Masquerade.Evaluation.Assets;

namespace Masquerade.Evaluation.Datasets;

/// <summary>A data set that goes by a name: photographs and a list of pairs of them, both assets.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Images">Folder of the photographs.</param>
/// <param name="Pairs">The list of pairs.</param>
public sealed record NamedData(string Name, string Images, string Pairs)
{
    private static readonly (string Name, string Images, string Pairs)[] Known =
    [
        ("lfw", "lfw", "lfw-pairs"),
        ("lfw-dev-train", "lfw", "lfw-pairs-dev-train"),
        ("lfw-dev-test", "lfw", "lfw-pairs-dev-test"),
    ];

    /// <summary>The names there are: LFW's View 2, and the two lists of its View 1.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(k => k.Name)];

    /// <summary>Finds a data set among the assets.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="store">Where assets are kept; null for the user's own.</param>
    /// <exception cref="InputException">An unknown name, or a part that is not here; the message says how to get it.</exception>
    public static NamedData Find(string name, AssetStore? store = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        var assets = Assets(name);
        store ??= AssetStore.Default;
        string[] missing = [.. assets.Where(a => store.Find(a) is null)];
        if (missing.Length == 0) return new NamedData(name, store.Require(assets[0]), store.Require(assets[1]));
        var bytes = missing.Sum(a => store.Catalog.Require(a).Bytes);
        throw new InputException($"the data set {name} is not here: 'masq fetch {string.Join(' ', missing)}' downloads it "
            + $"({AssetStore.Size(bytes)}), 'masq assets add' takes files that you have");
    }

    /// <summary>The assets that a data set is made of: its photographs, its pairs.</summary>
    /// <exception cref="InputException">An unknown name.</exception>
    internal static IReadOnlyList<string> Assets(string name)
    {
        if (Array.Find(Known, k => k.Name == name) is { Name: not null } known) return [known.Images, known.Pairs];
        throw new InputException(
            $"'{name}' is no known data set (known are {string.Join(", ", Names)}){NearestName.Question(name, Names)}");
    }
}
