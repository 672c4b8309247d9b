using Masquerade.Alignment;
using Masquerade.Imaging;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Datasets.People;

/// <summary>Somebody in a folder of people.</summary>
/// <param name="Name">The folder's name.</param>
/// <param name="Photographs">Image files in it, as <c>person/file.jpg</c>, in ordinal order; at least one.</param>
public sealed record Person(string Name, IReadOnlyList<string> Photographs);

/// <summary>A folder with a folder of photographs for each person.</summary>
public sealed class FolderOfPeople
{
    private const int MostPairs = 10_000_000;

    private FolderOfPeople(string root, IReadOnlyList<Person> people)
    {
        Root = root;
        People = people;
    }

    /// <summary>The folder.</summary>
    public string Root { get; }

    /// <summary>Everybody with a photograph, in ordinal order of the names.</summary>
    public IReadOnlyList<Person> People { get; }

    /// <summary>Looks through a folder; opens no photograph. Folders and files whose name begins with a dot are left out.</summary>
    /// <exception cref="InputException">There is no such folder, it cannot be read, or nobody in it has a photograph.</exception>
    public static FolderOfPeople Read(string root)
    {
        var folder = new ImageFolder(root).Root;
        try
        {
            var people = new List<Person>();
            foreach (var name in Directory.EnumerateDirectories(folder).Select(Name).Order(StringComparer.Ordinal))
            {
                if (name[0] == '.') continue;
                string[] photographs = [.. Directory.EnumerateFiles(Path.Combine(folder, name)).Select(Name)
                    .Where(file => file[0] != '.' && ImageFile.HasImageExtension(file)).Order(StringComparer.Ordinal)
                    .Select(file => $"{name}/{file}")];
                if (photographs.Length > 0) people.Add(new Person(name, photographs));
            }
            if (people.Count == 0) throw new InputException($"{root}: has no folders of people with photographs in them");
            return new FolderOfPeople(root, people);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{root}: cannot be read ({InputFile.OneLine(e.Message)})", e);
        }

        static string Name(string path) => Path.GetFileName(path);
    }

    /// <summary>The same folder with only those on a list.</summary>
    /// <param name="list">People of this folder.</param>
    /// <exception cref="InputException">Somebody on the list has no photographs here.</exception>
    public FolderOfPeople Only(PeopleList list)
    {
        ArgumentNullException.ThrowIfNull(list);
        var known = People.Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        string[] unknown = [.. list.Names.Where(name => !known.Contains(name))];
        if (unknown.Length > 0)
        {
            throw new InputException($"{list.Source}: {unknown.Length} of its {list.Names.Count} people have no photographs in {Root} "
                + $"({PeopleList.Few(unknown)}); correct the list");
        }
        var chosen = list.Names.ToHashSet(StringComparer.Ordinal);
        return new FolderOfPeople(Root, [.. People.Where(p => chosen.Contains(p.Name))]);
    }

    /// <summary>
    /// A list of pairs: all or some of the same-person pairs and as many different-person pairs (all there are, where there are fewer),
    /// drawn evenly without repetition and in turns. The same folder, limit and seed give the same list.
    /// </summary>
    /// <param name="samePersonPairs">Most same-person pairs; null: all.</param>
    /// <param name="seed">Chooses the pairs and their order.</param>
    /// <exception cref="InputException">
    /// Nobody has two photographs, there is one person only, or there would be more than twenty million pairs.
    /// </exception>
    public PairList Pairs(int? samePersonPairs = null, ulong seed = 0)
    {
        if (samePersonPairs is { } limit) ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1, nameof(samePersonPairs));
        string[] photographs = [.. People.SelectMany(p => p.Photographs)];
        // Of each photograph's later partners, those before the end of its person are the same person.
        int[] ends = [.. People.SelectMany(p => Enumerable.Repeat(p.Photographs.Count, p.Photographs.Count))];
        for (var (first, end) = (0, 0); first < ends.Length; first = end)
        {
            end += ends[first];
            Array.Fill(ends, end, first, end - first);
        }
        var same = new Partners(photographs.Length, i => i + 1, i => ends[i]);
        var different = new Partners(photographs.Length, i => ends[i], _ => photographs.Length);
        if (same.Total == 0 || different.Total == 0)
            throw new InputException($"{Root}: pairs need two people, and one of them with two photographs");
        var wanted = Math.Min(same.Total, samePersonPairs ?? long.MaxValue);
        if (wanted > MostPairs)
            throw new InputException($"{Root}: has {same.Total:N0} same-person pairs; ask for at most {MostPairs:N0} of them");
        var random = new SplitMix(seed);
        var chosenSame = Sample(same.Total, (int)wanted, random);
        var chosenDifferent = Sample(different.Total, (int)Math.Min(different.Total, wanted), random);
        var builder = new PairListBuilder(Root);
        for (var i = 0; i < chosenSame.Length; i++)
        {
            Add(same.At(chosenSame[i]), true);
            if (i < chosenDifferent.Length) Add(different.At(chosenDifferent[i]), false);
        }
        return builder.Build(PairListFormat.FolderOfPeople, 1);

        void Add((int Probe, int Reference) pair, bool isSame) =>
            builder.Add(0, photographs[pair.Probe], photographs[pair.Reference], isSame, fold: 0);
    }

    /// <summary>
    /// Distinct numbers below <paramref name="total"/> in random order: Floyd's sampling, then Fisher and Yates' shuffle.
    /// </summary>
    private static long[] Sample(long total, int count, SplitMix random)
    {
        var chosen = new long[count];
        var taken = new HashSet<long>(count);
        for (var i = 0; i < count; i++)
        {
            var last = total - count + i;
            var draw = random.Below(last + 1);
            chosen[i] = taken.Add(draw) ? draw : last;
            if (chosen[i] == last) taken.Add(last);
        }
        for (var i = count - 1; i > 0; i--)
        {
            var other = (int)random.Below(i + 1);
            (chosen[i], chosen[other]) = (chosen[other], chosen[i]);
        }
        return chosen;
    }

    /// <summary>Numbers the pairs of each item i with items from first(i) up to end(i).</summary>
    private sealed class Partners
    {
        private readonly long[] _starts;
        private readonly Func<int, int> _first;

        public Partners(int items, Func<int, int> first, Func<int, int> end)
        {
            _first = first;
            _starts = new long[items + 1];
            for (var i = 0; i < items; i++) _starts[i + 1] = _starts[i] + (end(i) - first(i));
        }

        public long Total => _starts[^1];

        public (int Item, int Partner) At(long number)
        {
            // The last item that starts at or before the number: items without partners share their start with the next.
            var (low, high) = (0, _starts.Length - 1);
            while (high - low > 1)
            {
                var middle = (low + high) / 2;
                if (_starts[middle] <= number) low = middle;
                else high = middle;
            }
            return (low, _first(low) + (int)(number - _starts[low]));
        }
    }
}
