using Masquerade.Alignment;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Datasets.People;

/// <summary>Keeps people who are evaluated on out of trainings: what has learned their faces would look better than it is.</summary>
internal static class EvaluatedPeople
{
    /// <summary>Makes sure that nobody of a folder is in a list of pairs.</summary>
    /// <param name="training">People to learn from.</param>
    /// <param name="pairs">The evaluated pairs.</param>
    /// <exception cref="InputException">Somebody is, or the list's names do not tell whom they show.</exception>
    public static void Refuse(FolderOfPeople training, PairList pairs)
    {
        var images = new ImageFolder(training.Root);
        // Two lists may not agree in the case of a name; that does not make another person of somebody.
        var evaluated = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in pairs.Pairs.SelectMany(p => (string[])[p.Probe, p.Reference]).Distinct(StringComparer.Ordinal))
        {
            string[] people = [.. PhotographName.People(name)];
            if (people.Length == 0 && images.Find(name) is { } path) people = [Path.GetFileName(Path.GetDirectoryName(path)!)];
            if (people.Length == 0)
            {
                throw new InputException($"{pairs.Source}: '{InputFile.OneLine(name)}' does not tell whom it shows, so nobody can be kept out of the "
                    + "training; name photographs as Person/file or Person_0001, or give --allow-overlap");
            }
            evaluated.UnionWith(people);
        }
        string[] both = [.. training.People.Select(p => p.Name).Where(evaluated.Contains)];
        if (both.Length == 0) return;
        throw new InputException($"{training.Root}: {both.Length} of its {training.People.Count} people are evaluated in {pairs.Source} "
            + $"({PeopleList.Few(both)}); leave them out (--people-list FILE), or give --allow-overlap");
    }
}
