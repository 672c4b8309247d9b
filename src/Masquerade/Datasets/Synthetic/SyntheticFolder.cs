using System.Globalization;
using System.Text;
using Masquerade.Alignment;

namespace Masquerade.Datasets.Synthetic;

/// <summary>Writes synthetic people as LFW has real ones: <c>images/PERSON/PERSON_0001.jpg</c>, <c>pairs.txt</c>,
/// <c>landmarks.csv</c>.</summary>
public sealed class SyntheticFolder
{
    /// <summary>Most people, and most photographs of each: names have four digits.</summary>
    public const int Most = 9999;

    private const int MostFolds = 10;
    private const int MostPairsOfAKind = 300;

    private readonly int _people;
    private readonly int _captures;
    private readonly ulong _seed;
    private readonly int _folds;
    private readonly int _pairsOfAKind;

    /// <param name="people">How many people, from 2 to <see cref="Most"/>: with one there is no pair of different people.</param>
    /// <param name="captures">Photographs of each, from 2 to <see cref="Most"/>: with one there is no pair of the same person.</param>
    /// <param name="seed">Another seed, other people.</param>
    /// <param name="folds">Folds of the pair list, at most one for every two people; up to ten unless given.</param>
    /// <param name="pairsOfAKind">Most pairs in a fold of the same person, and of different people.</param>
    /// <exception cref="InputException">A number of people or photographs is too small or too large.</exception>
    public SyntheticFolder(int people, int captures, ulong seed, int? folds = null, int pairsOfAKind = MostPairsOfAKind)
    {
        if (people is < 2 or > Most) throw new InputException($"{people} people are not possible; ask for 2 to {Most}");
        if (captures is < 2 or > Most)
            throw new InputException($"{captures} photographs of a person are not possible; ask for 2 to {Most}");
        (_people, _captures, _seed) = (people, captures, seed);
        (_folds, _pairsOfAKind) = (folds ?? Math.Min(MostFolds, people / 2), pairsOfAKind);
        ArgumentOutOfRangeException.ThrowIfLessThan(_folds, 1, nameof(folds));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_folds, people / 2, nameof(folds));
        ArgumentOutOfRangeException.ThrowIfLessThan(pairsOfAKind, 1);
    }

    /// <summary>The folder name of a person.</summary>
    /// <param name="person">From 0.</param>
    public static string PersonName(int person) => string.Create(CultureInfo.InvariantCulture, $"Person_{person + 1:D4}");

    /// <summary>How many photographs there are.</summary>
    public int Photographs => _people * _captures;

    /// <summary>Where the photographs of a folder are.</summary>
    public static string ImagesIn(string path) => Path.Combine(path, "images");

    /// <summary>Where the pair list of a folder is.</summary>
    public static string PairsIn(string path) => Path.Combine(path, "pairs.txt");

    /// <summary>Where the landmarks of a folder are.</summary>
    public static string LandmarksIn(string path) => Path.Combine(path, "landmarks.csv");

    /// <summary>Paints and writes everything.</summary>
    /// <param name="path">A folder that is empty or not there yet.</param>
    /// <param name="threads">How many paint at once, at least 1; what is written does not depend on it.</param>
    /// <param name="progress">Told how many photographs are done and how many there are, from any thread.</param>
    /// <param name="cancellation">Stops after the photographs at work; what is written stays.</param>
    /// <exception cref="InputException">The folder is not empty, or cannot be written to.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public void Write(string path, int threads = 1, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Prepare(path);
        var landmarks = new FiveLandmarks[Photographs];
        var faces = new SyntheticFaces(_seed);
        var done = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };
        try
        {
            Parallel.For(0, landmarks.Length, options, i =>
            {
                var photograph = faces.Photograph(i / _captures, i % _captures);
                landmarks[i] = photograph.Landmarks;
                OutputFile.Write(Path.Combine(ImagesIn(path), PersonName(i / _captures), FileName(i)), photograph.Jpeg);
                progress?.Invoke(Interlocked.Increment(ref done), landmarks.Length);
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<InputException>().FirstOrDefault() is { } input)
        {
            throw new InputException(input.Message, e);
        }
        OutputFile.Write(LandmarksIn(path), Encoding.UTF8.GetBytes(Landmarks(landmarks)));
        OutputFile.Write(PairsIn(path), Encoding.UTF8.GetBytes(Pairs()));
    }

    private void Prepare(string path)
    {
        if (string.IsNullOrWhiteSpace(path)) throw new InputException("no folder is named: an empty path");
        if (File.Exists(path)) throw new InputException($"{path}: is a file; name a folder to write");
        try
        {
            if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
                throw new InputException($"{path}: is not empty; name a new or an empty folder");
            for (var person = 0; person < _people; person++) Directory.CreateDirectory(Path.Combine(ImagesIn(path), PersonName(person)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be written ({InputFile.OneLine(e.Message)}); choose another place", e);
        }
    }

    private string FileName(int photograph) =>
        string.Create(CultureInfo.InvariantCulture, $"{PersonName(photograph / _captures)}_{photograph % _captures + 1:D4}.jpg");

    private string Landmarks(FiveLandmarks[] landmarks)
    {
        var text = new StringBuilder(
            "image,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,mouth_left_x,mouth_left_y,mouth_right_x,mouth_right_y\n");
        for (var i = 0; i < landmarks.Length; i++)
        {
            text.Append(FileName(i));
            foreach (var point in landmarks[i].Points) text.Append(CultureInfo.InvariantCulture, $",{point.X:F3},{point.Y:F3}");
            text.Append('\n');
        }
        return text.ToString();
    }

    /// <summary>
    /// As LFW's view 2: folds with nobody in two of them,
    /// in each as many pairs of the same as of different people. No pair is listed twice.
    /// </summary>
    private string Pairs()
    {
        var inFold = _people / _folds;
        var samePairs = (long)inFold * _captures * (_captures - 1) / 2;
        var differentPairs = (long)inFold * (inFold - 1) / 2 * _captures * _captures;
        var count = (int)Math.Min(_pairsOfAKind, Math.Min(samePairs, differentPairs));
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{_folds}\t{count}\n"));
        var random = SplitMix.For(_seed, (ulong)_people, (ulong)_captures, (ulong)Purpose.Pairs);
        for (var fold = 0; fold < _folds; fold++)
        {
            var taken = new HashSet<(int, int)>();
            foreach (var same in (ReadOnlySpan<bool>)[true, false])
            {
                for (var pair = 0; pair < count;)
                {
                    var (a, b) = ((int)random.Below(inFold * _captures), (int)random.Below(inFold * _captures));
                    var people = (First: a / _captures, Second: b / _captures);
                    if (same) (b, people.Second) = (people.First * _captures + b % _captures, people.First);
                    if (a == b || same != (people.First == people.Second) || !taken.Add((Math.Min(a, b), Math.Max(a, b)))) continue;
                    pair++;
                    text.Append(PersonName(fold * inFold + people.First)).Append(CultureInfo.InvariantCulture, $"\t{a % _captures + 1}");
                    if (!same) text.Append('\t').Append(PersonName(fold * inFold + people.Second));
                    text.Append(CultureInfo.InvariantCulture, $"\t{b % _captures + 1}\n");
                }
            }
        }
        return text.ToString();
    }
}
