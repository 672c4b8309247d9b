using Masquerade.Imaging;
using Masquerade.Models;
using TorchSharp;

namespace Masquerade.Testing;

/// <summary>The mean colour of an image, of unit length: an embedder whose answers are known.</summary>
internal sealed class ColourEmbedder : IFaceEmbedder
{
    private int _images;

    public ImageSize InputSize { get; init; } = new(4, 4);

    public int EmbeddingSize => 3;

    /// <summary>Images embedded so far.</summary>
    public int Images => _images;

    /// <summary>Called with the number of images before they are embedded.</summary>
    public Action<int> OnEmbed { get; init; } = _ => { };

    public void Embed(ReadOnlyMemory<float> images, int count, Span<float> embeddings)
    {
        images.Length.ShouldBe(count * InputSize.Values);
        embeddings.Length.ShouldBe(count * 3);
        OnEmbed(count);
        Interlocked.Add(ref _images, count);
        var plane = InputSize.Width * InputSize.Height;
        for (var i = 0; i < count; i++)
        {
            var colour = new double[3];
            for (var c = 0; c < 3; c++)
            {
                foreach (var value in images.Span.Slice((i * 3 + c) * plane, plane)) colour[c] += value;
            }
            var length = Math.Sqrt(colour.Sum(v => v * v));
            for (var c = 0; c < 3; c++) embeddings[i * 3 + c] = (float)(colour[c] / length);
        }
    }

    public torch.Tensor Embed(torch.Tensor images) => throw new NotSupportedException("the tests hold their images in managed memory");

    public void Dispose() { }

    /// <summary>An image of one colour.</summary>
    public static FaceImage Plain(byte red, byte green, byte blue, int side = 4) =>
        new(side, side, [.. Enumerable.Repeat(new[] { red, green, blue }, side * side).SelectMany(p => p)]);
}
