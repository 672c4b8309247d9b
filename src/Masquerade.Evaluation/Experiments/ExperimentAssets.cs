using Masquerade.Alignment;
using Masquerade.Evaluation.Assets;
using Masquerade.Evaluation.Datasets;
using Masquerade.Models;

namespace Masquerade.Evaluation.Experiments;

/// <summary>What an experiment needs of the assets that go by name.</summary>
public static class ExperimentAssets
{
    /// <summary>Makes sure that all of it is here, before anything is written.</summary>
    /// <param name="file">The settings, all of them.</param>
    /// <param name="models">The models that go by name.</param>
    /// <param name="assets">Where assets are kept.</param>
    /// <exception cref="InputException">Some of it is not; one line says what to fetch. Or a data set is unknown.</exception>
    public static void Require(ExperimentFile file, NamedModels models, AssetStore assets)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(assets);
        var missing = Needed(file, models, assets).Distinct().Where(name => assets.Find(name) is null).ToList();
        if (missing.Count == 0) return;
        var bytes = missing.Sum(name => assets.Catalog.Require(name).Bytes);
        var (are, them) = missing.Count == 1 ? ("is", "it") : ("are", "them");
        throw new InputException($"{string.Join(", ", missing)} {are} not here: 'masq fetch {string.Join(' ', missing)}' downloads {them} "
            + $"({AssetStore.Size(bytes)}), 'masq assets add' takes files that you have");
    }

    /// <summary>Whether faces have to be found for a model; also of one that is not here yet.</summary>
    private static bool Aligns(string model, NamedModels models, AssetStore assets)
    {
        if (AssetOf(model, models, assets) is not null) return true;
        return AlignmentKinds.Parse(ModelDescriptor.Read(models.Find(model)).Alignment) != AlignmentKind.None;
    }

    /// <summary>The asset that brings a model; null for a path, a file of that name, a shipped model or an unknown name.</summary>
    private static Asset? AssetOf(string model, NamedModels models, AssetStore assets) => !models.IsOtherName(model) ? null
        : assets.Catalog.All.FirstOrDefault(a => a.Models.Any(m => m.Name == model));

    private static IEnumerable<string> Needed(ExperimentFile file, NamedModels models, AssetStore assets)
    {
        foreach (var model in (file.Models ?? []).Concat(file.TransferTo ?? []))
            if (AssetOf(model, models, assets) is { } asset) yield return asset.Name;
        if (file.Data is null || (file.Images is not null && file.Pairs is not null)) yield break;
        var looks = file is { Landmarks: null, Aligned: not true, Detector: null or FaceSource.DefaultDetector };
        if (looks && (file.Models ?? []).Any(m => Aligns(m, models, assets))) yield return FaceSource.DefaultDetector;
        foreach (var part in NamedData.Assets(file.Data)) yield return part;
    }
}
