using System.Runtime.InteropServices;
using Masquerade.Imaging;
using Masquerade.Models;
using static TorchSharp.torch;

namespace Masquerade.Tests.Attacks;

/// <summary>x ↦ W(x−½)/‖W(x−½)‖ with orthonormal rows: every minimal distance to it has a closed form.</summary>
internal sealed class LinearEmbedder : IDifferentiableEmbedder
{
    private readonly Tensor _weights;
    private readonly Tensor? _bias;
    private long _forward;
    private long _gradient;

    /// <param name="size">Image size.</param>
    /// <param name="dimensions">Rows of W.</param>
    /// <param name="seed">Of W.</param>
    /// <param name="centred">Whether ½ is subtracted first, so that grey is the origin.</param>
    public LinearEmbedder(ImageSize size, int dimensions, int seed, bool centred = true)
    {
        InputSize = size;
        using var scope = NewDisposeScope();
        var random = new Random(seed);
        var values = new float[size.Values * dimensions];
        for (var i = 0; i < values.Length; i++) values[i] = (float)(random.NextDouble() - 0.5);
        var (q, _) = linalg.qr(tensor(values, [size.Values, dimensions]).to(ScalarType.Float64));
        _weights = q.T.to(ScalarType.Float32).contiguous().DetachFromDisposeScope();
        _bias = centred ? tensor(0.5f).DetachFromDisposeScope() : null;
        EmbeddingSize = dimensions;
    }

    public ImageSize InputSize { get; }

    public int EmbeddingSize { get; }

    /// <summary>W, [D, 3·H·W].</summary>
    public Tensor Weights => _weights;

    /// <summary>How many images went through, forward and for gradients.</summary>
    public (long Forward, long Gradient) Calls => (Interlocked.Read(ref _forward), Interlocked.Read(ref _gradient));

    public Tensor Embed(Tensor images)
    {
        using var inference = no_grad();
        Interlocked.Add(ref _forward, images.shape[0]);
        return Apply(images);
    }

    public Tensor EmbedForGradient(Tensor images)
    {
        Interlocked.Add(ref _gradient, images.shape[0]);
        return Apply(images);
    }

    public void Embed(ReadOnlyMemory<float> images, int count, Span<float> embeddings)
    {
        using var scope = NewDisposeScope();
        MemoryMarshal.Cast<byte, float>(Embed(tensor(images.ToArray(), [count, InputSize.Values])).bytes).CopyTo(embeddings);
    }

    /// <summary>Images whose W-part has the given coordinates, the rest grey.</summary>
    public Tensor ImagesAt(float[,] coordinates)
    {
        using var scope = NewDisposeScope();
        var y = tensor(coordinates);
        var images = y.matmul(_weights).Plus(_bias ?? tensor(0f));
        return images.reshape(coordinates.GetLength(0), 3, InputSize.Height, InputSize.Width).MoveToOuterDisposeScope();
    }

    private Tensor Apply(Tensor images)
    {
        using var scope = NewDisposeScope();
        var flat = images.flatten(1);
        if (_bias is { } b) flat = flat - b;
        return nn.functional.normalize(flat.matmul(_weights.T), 2, 1).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _weights.Dispose();
        _bias?.Dispose();
    }
}
