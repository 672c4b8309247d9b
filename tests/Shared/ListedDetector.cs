using Masquerade.Alignment;
using Masquerade.Imaging;

namespace Masquerade.Testing;

/// <summary>A detector that finds what it is told.</summary>
/// <param name="faces">The faces of a photograph of that size.</param>
internal sealed class ListedDetector(Func<ImageSize, IReadOnlyList<DetectedFace>> faces) : IFaceDetector
{
    private int _calls;

    /// <summary>How many photographs it has looked at.</summary>
    public int Calls => _calls;

    public IReadOnlyList<DetectedFace> Detect(ImageView photo)
    {
        Interlocked.Increment(ref _calls);
        return faces(photo.Size);
    }

    public void Dispose()
    {
    }
}
