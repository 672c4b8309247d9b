using System.Diagnostics.CodeAnalysis;

namespace Masquerade.Verification;

/// <summary>A photograph that no embedding could be made of.</summary>
/// <param name="Name">As the list has it.</param>
/// <param name="Reason">One line that says why, and names the file.</param>
public sealed record UnusablePhotograph(string Name, string Reason);

/// <summary>The embeddings of a set of photographs, by name.</summary>
public sealed class EmbeddingTable
{
    private readonly Dictionary<string, float[]> _embeddings;

    internal EmbeddingTable(Dictionary<string, float[]> embeddings, IReadOnlyList<UnusablePhotograph> unusable)
    {
        _embeddings = embeddings;
        Unusable = unusable;
    }

    /// <summary>How many photographs have an embedding.</summary>
    public int Count => _embeddings.Count;

    /// <summary>Photographs without one, in the order in which they were asked for.</summary>
    public IReadOnlyList<UnusablePhotograph> Unusable { get; }

    /// <summary>The embedding of a photograph, of unit length.</summary>
    /// <returns>Whether there is one.</returns>
    public bool TryGet(string name, [NotNullWhen(true)] out float[]? embedding) => _embeddings.TryGetValue(name, out embedding);
}
