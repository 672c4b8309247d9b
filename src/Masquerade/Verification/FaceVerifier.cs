using System.Numerics.Tensors;
using Masquerade.Imaging;
using Masquerade.Models;

namespace Masquerade.Verification;

/// <summary>
/// Answers "same person?" for two face crops: an embedder and a threshold on the squared distance of its unit embeddings.
/// </summary>
public sealed class FaceVerifier
{
    /// <param name="embedder">The network; it stays the caller's.</param>
    /// <param name="threshold">On the squared Euclidean distance, in (0,4): up to it is the same person.</param>
    /// <exception cref="InputException">The threshold lies outside (0,4).</exception>
    public FaceVerifier(IFaceEmbedder embedder, double threshold)
    {
        ArgumentNullException.ThrowIfNull(embedder);
        if (!(threshold > 0 && threshold < 4))
            throw new InputException($"threshold {threshold} is not possible: squared distances of unit embeddings lie between 0 and 4");
        Embedder = embedder;
        Threshold = threshold;
    }

    /// <summary>The network.</summary>
    public IFaceEmbedder Embedder { get; }

    /// <summary>Threshold on the squared distance.</summary>
    public double Threshold { get; }

    /// <summary>How it decides.</summary>
    public DecisionRule Rule => new(Threshold);

    /// <summary>Whether a squared distance means the same person.</summary>
    public bool IsSame(double distance) => Rule.IsSame(distance);

    /// <summary>The squared distance of two crops' embeddings, in [0,4].</summary>
    /// <param name="probe">A crop of the embedder's input size.</param>
    /// <param name="reference">Another.</param>
    public double Compare(FaceImage probe, FaceImage reference)
    {
        ArgumentNullException.ThrowIfNull(probe);
        ArgumentNullException.ThrowIfNull(reference);
        var (image, embedding) = (Embedder.InputSize.Values, Embedder.EmbeddingSize);
        var images = new float[2 * image];
        ImageTensors.WritePlanar(probe, images.AsSpan(0, image));
        ImageTensors.WritePlanar(reference, images.AsSpan(image));
        var embeddings = new float[2 * embedding];
        Embedder.Embed(images, 2, embeddings);
        return Distance(embeddings.AsSpan(0, embedding), embeddings.AsSpan(embedding));
    }

    /// <summary>Squared Euclidean distance of two unit embeddings, in [0,4].</summary>
    public static double Distance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var root = (double)TensorPrimitives.Distance(a, b);
        return Math.Min(root * root, 4);
    }
}
