using System.Globalization;
using System.Text;
using Masquerade.Alignment;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Datasets.Synthetic;

/// <summary>
/// Writes synthetic people as LFW has real ones: <c>images/PERSON/PERSON_0001.jpg</c>, <c>pairs.txt</c>, <c>landmarks.csv</c>.
/// What was interrupted is gone on with.
/// </summary>
public sealed class SyntheticFolder
{
    /// <summary>Most people, and most photographs of each: names have four digits.</summary>
    public const int Most = 9999;

    private const int MostFolds = 10;
    private const int MostPairsOfAKind = 300;

    private readonly SyntheticSettings _settings;

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
        var count = folds ?? Math.Min(MostFolds, people / 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(folds));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, people / 2, nameof(folds));
        ArgumentOutOfRangeException.ThrowIfLessThan(pairsOfAKind, 1);
        _settings = new SyntheticSettings(SyntheticFaces.Version, people, captures, seed, count, pairsOfAKind);
    }

    /// <summary>The folder name of a person.</summary>
    /// <param name="person">From 0.</param>
    public static string PersonName(int person) => string.Create(CultureInfo.InvariantCulture, $"Person_{person + 1:D4}");

    /// <summary>The file name of a photograph.</summary>
    /// <param name="person">Who, from 0.</param>
    /// <param name="capture">Which photograph of them, from 0.</param>
    public static string PhotographName(int person, int capture) =>
        string.Create(CultureInfo.InvariantCulture, $"{PersonName(person)}_{capture + 1:D4}.jpg");

    /// <summary>How many photographs there are.</summary>
    public int Photographs => _settings.People * _settings.Captures;

    /// <summary>Where the photographs of a folder are.</summary>
    public static string ImagesIn(string path) => Path.Combine(path, "images");

    /// <summary>Where the pair list of a folder is.</summary>
    public static string PairsIn(string path) => Path.Combine(path, "pairs.txt");

    /// <summary>Where the landmarks of a folder are.</summary>
    public static string LandmarksIn(string path) => Path.Combine(path, "landmarks.csv");

    /// <summary>Paints and writes everything, the lists last.</summary>
    /// <param name="path">A folder that is empty or not there yet, or where the same was begun.</param>
    /// <param name="threads">How many paint at once, at least 1; what is written does not depend on it.</param>
    /// <param name="progress">Told how many photographs are done and how many there are, from any thread.</param>
    /// <param name="cancellation">Stops after the photographs at work; what is written stays.</param>
    /// <returns>How many photographs were there already, whole, and were kept.</returns>
    /// <exception cref="InputException">Something else is in the folder, or it cannot be written to.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public int Write(string path, int threads = 1, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        using var target = new SyntheticTarget(path, _settings);
        var captures = _settings.Captures;
        var landmarks = new FiveLandmarks[Photographs];
        var faces = new SyntheticFaces(_settings.Seed);
        var (done, kept) = (0, 0);
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };
        try
        {
            Parallel.For(0, landmarks.Length, options, i =>
            {
                var (person, capture) = (i / captures, i % captures);
                var file = target.Photograph(person, capture);
                landmarks[i] = faces.Landmarks(person, capture);
                if (IsWhole(file)) Interlocked.Increment(ref kept);
                else OutputFile.Write(file, faces.Photograph(person, capture).Jpeg);
                progress?.Invoke(Interlocked.Increment(ref done), landmarks.Length);
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<InputException>().FirstOrDefault() is { } input)
        {
            throw new InputException(input.Message, e);
        }
        OutputFile.Write(LandmarksIn(path), Encoding.UTF8.GetBytes(Landmarks(landmarks)));
        OutputFile.Write(PairsIn(path), Encoding.UTF8.GetBytes(Pairs()));
        return kept;
    }

    private static bool IsWhole(string path)
    {
        if (!File.Exists(path)) return false;
        try
        {
            using var image = ImageFile.ReadPooled(path);
            return image.Size == new ImageSize(SyntheticFaces.Side, SyntheticFaces.Side);
        }
        catch (InputException)
        {
            return false;
        }
    }

    private string Landmarks(FiveLandmarks[] landmarks)
    {
        var text = new StringBuilder(
            "image,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,mouth_left_x,mouth_left_y,mouth_right_x,mouth_right_y\n");
        for (var i = 0; i < landmarks.Length; i++)
        {
            text.Append(PhotographName(i / _settings.Captures, i % _settings.Captures));
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
        var (people, captures, folds) = (_settings.People, _settings.Captures, _settings.Folds);
        var inFold = people / folds;
        var samePairs = (long)inFold * captures * (captures - 1) / 2;
        var differentPairs = (long)inFold * (inFold - 1) / 2 * captures * captures;
        var count = (int)Math.Min(_settings.PairsOfAKind, Math.Min(samePairs, differentPairs));
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{folds}\t{count}\n"));
        var random = SplitMix.For(_settings.Seed, (ulong)people, (ulong)captures, (ulong)Purpose.Pairs);
        for (var fold = 0; fold < folds; fold++)
        {
            var taken = new HashSet<(int, int)>();
            foreach (var same in (ReadOnlySpan<bool>)[true, false])
            {
                for (var pair = 0; pair < count;)
                {
                    var (a, b) = ((int)random.Below(inFold * captures), (int)random.Below(inFold * captures));
                    var who = (First: a / captures, Second: b / captures);
                    if (same) (b, who.Second) = (who.First * captures + b % captures, who.First);
                    if (a == b || same != (who.First == who.Second) || !taken.Add((Math.Min(a, b), Math.Max(a, b)))) continue;
                    pair++;
                    var first = fold * inFold;
                    text.Append(PersonName(first + who.First)).Append(CultureInfo.InvariantCulture, $"\t{a % captures + 1}");
                    if (!same) text.Append('\t').Append(PersonName(first + who.Second));
                    text.Append(CultureInfo.InvariantCulture, $"\t{b % captures + 1}\n");
                }
            }
        }
        return text.ToString();
    }
}
