namespace Masquerade.Evaluation.Datasets.People;

/// <summary>A list of people: a name a line, as their folders are called.</summary>
/// <param name="Source">The file that it is from.</param>
/// <param name="Names">Everybody, once, in the file's order; at least one.</param>
public sealed record PeopleList(string Source, IReadOnlyList<string> Names)
{
    /// <summary>Reads a list. Empty lines and repeated names are passed over.</summary>
    /// <exception cref="InputException">Unreadable, or nobody is listed.</exception>
    public static PeopleList Read(string path)
    {
        string[] names = [.. InputFile.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0).Distinct(StringComparer.Ordinal)];
        return names.Length > 0 ? new PeopleList(path, names) : throw new InputException($"{path}: lists nobody; write a name a line");
    }

    /// <summary>A few of many names, for messages.</summary>
    internal static string Few(IReadOnlyCollection<string> names)
    {
        const int Named = 3;
        return InputFile.OneLine(string.Join(", ", names.Take(Named))) + (names.Count > Named ? ", …" : "");
    }
}
