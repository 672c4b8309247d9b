using System.Collections.Concurrent;
using Masquerade.Imaging;

namespace Masquerade.Alignment;

/// <summary>Where the face of a photograph is.</summary>
/// <param name="Landmarks">Its five landmarks.</param>
/// <param name="Box">The detector's box around it; null where only landmarks are known.</param>
public sealed record LocatedFace(FiveLandmarks Landmarks, FaceBox? Box = null);

/// <summary>Says where the face of a photograph is: from a list, or by looking. Safe to use from several threads at once.</summary>
public interface IFaceLocator
{
    /// <summary>What messages call it, after "in" or "by": a file, a detector.</summary>
    string Source { get; }

    /// <summary>Locates the face that the photograph is of.</summary>
    /// <param name="photo">The photograph.</param>
    /// <param name="path">Its file.</param>
    /// <param name="name">What lists call it, besides its path and file name; null: nothing else.</param>
    /// <returns>Null where there is none and the middle of the photograph is to be taken for it.</returns>
    /// <exception cref="InputException">There is none, or a list does not have the photograph.</exception>
    LocatedFace? Locate(ImageView photo, string path, string? name);
}

/// <summary>What becomes of a photograph in which no face is found.</summary>
public enum FaceFallback
{
    /// <summary>It cannot be used.</summary>
    None,

    /// <summary>Its middle is taken for the face.</summary>
    Center,
}

/// <summary>
/// Looks for the face that a photograph is of (<see cref="FaceChoice.Main"/> of several). What was found in a file is remembered, as a
/// list of landmarks would hold it: it is not looked for again until the file changes.
/// </summary>
/// <param name="detector">Finds the faces; owned from here on.</param>
/// <param name="fallback">What becomes of a photograph in which there is none.</param>
public sealed class DetectorLocator(IFaceDetector detector, FaceFallback fallback = FaceFallback.None) : IFaceLocator, IDisposable
{
    private readonly ConcurrentDictionary<(string Path, long Bytes, DateTime Written), LocatedFace?> _known = new();

    /// <inheritdoc/>
    public string Source => "the photograph";

    /// <inheritdoc/>
    public LocatedFace? Locate(ImageView photo, string path, string? name)
    {
        var file = new FileInfo(path);
        var key = (path, file.Exists ? file.Length : 0, file.LastWriteTimeUtc);
        if (!_known.TryGetValue(key, out var face))
        {
            face = detector.Detect(photo) is { Count: > 0 } faces ? Located(FaceChoice.Main(faces, photo.Size)) : null;
            _known[key] = face;
        }
        return face is null && fallback == FaceFallback.None ? throw NoFace(path) : face;
    }

    /// <inheritdoc/>
    public void Dispose() => detector.Dispose();

    /// <summary>A face as the aligner takes it.</summary>
    public static LocatedFace Located(DetectedFace face)
    {
        ArgumentNullException.ThrowIfNull(face);
        return new LocatedFace(face.Landmarks, face.Box);
    }

    /// <summary>What is said of a photograph without a face.</summary>
    internal static InputException NoFace(string path) =>
        new($"{path}: no face is found in it; leave it out, give its landmarks, or take its middle with --fallback center");
}
