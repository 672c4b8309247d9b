namespace Masquerade.Evaluation.Tests;

/// <summary>
/// Data goes one way: between folders that lie beside each other, at any depth of an assembly, there is no cycle. Namespaces are folders, and what
/// they use is read from the compiled assemblies. A folder and the folders inside it are one thing from outside, and may use each other.
/// </summary>
public sealed class FolderOrderTests
{
    private const string Itself = ".";

    [Theory]
    [InlineData("Masquerade.dll")]
    [InlineData("Masquerade.Training.dll")]
    [InlineData("Masquerade.Evaluation.dll")]
    public void No_folders_use_each_other_in_a_circle(string assembly)
    {
        var references = new NamespaceReferences(Path.Combine(AppContext.BaseDirectory, assembly));
        references.Uses.Count.ShouldBeGreaterThan(3);
        var root = Path.GetFileNameWithoutExtension(assembly);
        Circles(references, root).ShouldBeEmpty();
    }

    private static IEnumerable<string> Circles(NamespaceReferences references, string root)
    {
        var all = references.Uses.Keys.SelectMany(u => new[] { u.From, u.To }).Where(n => n == root || n.StartsWith(root + ".", StringComparison.Ordinal))
            .Distinct().ToList();
        var parents = all.SelectMany(Ancestors).Append(root).Distinct().Where(n => n == root || n.StartsWith(root + ".", StringComparison.Ordinal));
        foreach (var parent in parents)
        {
            var edges = references.Uses.Where(u => IsIn(u.Key.From, parent) && IsIn(u.Key.To, parent))
                .Select(u => (From: Part(u.Key.From, parent), To: Part(u.Key.To, parent), Example: $"{u.Key.From}.{u.Value} uses {u.Key.To}"))
                .Where(e => e.From != e.To && e.From != Itself && e.To != Itself).ToLookup(e => e.From);
            foreach (var first in edges.SelectMany(e => e))
            {
                if (Reaches(edges, first.To, first.From)) yield return $"{parent}: {first.From} and {first.To} use each other: {first.Example}";
            }
        }
    }

    private static bool Reaches(ILookup<string, (string From, string To, string Example)> edges, string from, string wanted)
    {
        var seen = new HashSet<string> { from };
        var open = new Queue<string>([from]);
        while (open.TryDequeue(out var at))
        {
            if (at == wanted) return true;
            foreach (var edge in edges[at]) if (seen.Add(edge.To)) open.Enqueue(edge.To);
        }
        return false;
    }

    private static bool IsIn(string name, string parent) => name == parent || name.StartsWith(parent + ".", StringComparison.Ordinal);

    /// <summary>The folder of a parent that a namespace lies in.</summary>
    private static string Part(string name, string parent) => name == parent ? Itself : name[(parent.Length + 1)..].Split('.')[0];

    private static IEnumerable<string> Ancestors(string name)
    {
        for (var dot = name.Length; dot > 0; dot = name.LastIndexOf('.', dot - 1)) yield return name[..dot];
    }
}
