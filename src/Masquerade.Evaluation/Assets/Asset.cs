namespace Masquerade.Evaluation.Assets;

/// <summary>What an asset is.</summary>
public enum AssetKind
{
    /// <summary>A face network with its descriptors.</summary>
    Model,

    /// <summary>Networks that find faces in photographs.</summary>
    Detector,

    /// <summary>Photographs, or lists of pairs of them.</summary>
    Data,
}

/// <summary>
/// Something that somebody else publishes and that goes by a name here: where it is, how it is known, what it may be used for.
/// </summary>
public sealed record Asset
{
    /// <summary>Its name: lower-case letters, digits and hyphens.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required AssetKind Kind { get; init; }

    /// <summary>What it is for, in a line.</summary>
    public required string Purpose { get; init; }

    /// <summary>Its licence, in plain words.</summary>
    public required string License { get; init; }

    /// <summary>Whether the licence forbids commercial use: then it is asked for once.</summary>
    public bool NonCommercial { get; init; }

    /// <summary>What to cite.</summary>
    public required string Citation { get; init; }

    /// <summary>The files that are published, at least one.</summary>
    public required IReadOnlyList<AssetDownload> Downloads { get; init; }

    /// <summary>What is meant by the asset inside its folder: a file or a folder, or nothing for the folder itself.</summary>
    public string Place { get; init; } = "";

    /// <summary>The models that its files are the weights of.</summary>
    public IReadOnlyList<AssetModel> Models { get; init; } = [];

    /// <summary>Assets that it is of little use without: they are fetched with it.</summary>
    public IReadOnlyList<string> Companions { get; init; } = [];

    /// <summary>Bytes of all downloads.</summary>
    public long Bytes => Downloads.Sum(d => d.Bytes);
}

/// <summary>A published file.</summary>
/// <param name="FileName">Its name in the asset's folder, and on a mirror.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its SHA-256 in lower-case hex.</param>
/// <param name="Urls">Where it is published; the first that has it is used.</param>
public sealed record AssetDownload(string FileName, long Bytes, string Sha256, params IReadOnlyList<string> Urls)
{
    /// <summary>For an archive: the files that are taken out of it. The rest of it is not looked at.</summary>
    public IReadOnlyList<AssetMember> Members { get; init; } = [];

    /// <summary>For an archive that is unpacked whole: how much it may become. Null for any other file.</summary>
    public UnpackLimits? Unpack { get; init; }
}

/// <summary>A file in an archive.</summary>
/// <param name="FileName">Its name, without the folders that it has in the archive.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its SHA-256 in lower-case hex.</param>
public sealed record AssetMember(string FileName, long Bytes, string Sha256);

/// <summary>What an archive may become at most; counted while it is unpacked, whatever the archive says of itself.</summary>
/// <param name="Bytes">All files together.</param>
/// <param name="Files">Files and folders.</param>
/// <param name="Ratio">Bytes that come of a byte of the archive.</param>
public sealed record UnpackLimits(long Bytes, int Files, double Ratio = 100);

/// <summary>A model that an asset brings.</summary>
/// <param name="Name">The name that it goes by.</param>
/// <param name="Descriptor">The text of its <c>*.model.json</c>, which is put beside the weights.</param>
public sealed record AssetModel(string Name, string Descriptor);
