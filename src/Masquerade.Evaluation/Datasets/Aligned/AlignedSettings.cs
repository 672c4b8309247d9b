using Masquerade.Alignment;

namespace Masquerade.Evaluation.Datasets.Aligned;

/// <summary>
/// What the crops of a folder are made with. Written before them as <c>align.json</c>, it marks the folder as one to go on with.
/// </summary>
/// <param name="Version">Raised when the same settings give other crops.</param>
/// <param name="Photographs">Full path of the folder of photographs.</param>
/// <param name="Alignment">Name of the kind of alignment.</param>
/// <param name="Faces">What says where faces are: the SHA-256 of landmarks or of a detector's weights, and its settings.</param>
/// <param name="Fallback">What becomes of a photograph without a face.</param>
/// <param name="AllFaces">Whether every face is cut out.</param>
internal sealed record AlignedSettings(int Version, string Photographs, string Alignment, string Faces, string Fallback, bool AllFaces)
{
    /// <summary>The version that writes.</summary>
    public const int Current = 1;

    /// <summary>The file's name in the folder.</summary>
    public const string FileName = "align.json";

    /// <summary>Writes the file into a folder that is there.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public void Write(string folder) => SettingsFile.Write(Path.Combine(folder, FileName), this);

    /// <summary>Checks that a folder's crops are made with these settings.</summary>
    /// <exception cref="InputException">With others; or its file cannot be read.</exception>
    public void Require(string folder)
    {
        var found = SettingsFile.Read<AlignedSettings>(Path.Combine(folder, FileName));
        if (found == this) return;
        var difference = found.Version != Version ? $"by version {found.Version} of the aligner, this is version {Version}"
            : found.Photographs != Photographs ? $"of {found.Photographs}"
            : found.Alignment != Alignment ? $"as {found.Alignment}"
            : found.Faces != Faces ? "with another detector, other landmarks or other settings of theirs"
            : found.AllFaces != AllFaces ? $"{(found.AllFaces ? "with" : "without")} --all-faces"
            : $"with --fallback {found.Fallback}";
        throw new InputException($"{folder}: holds crops that were made {difference}; give the same to go on with them, or name a new folder");
    }
}
