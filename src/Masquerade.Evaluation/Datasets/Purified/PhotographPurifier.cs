using System.Text;
using Masquerade.Alignment;
using Masquerade.Defenses;
using Masquerade.Evaluation.Datasets.Aligned;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;
using static TorchSharp.torch;

namespace Masquerade.Evaluation.Datasets.Purified;

/// <summary>What purifying a folder came to.</summary>
/// <param name="Photographs">Photographs in the folder.</param>
/// <param name="Kept">Of them, those that an earlier call had done.</param>
/// <param name="LeftOut">Photographs that could not be read or purified.</param>
public sealed record PurifiedSummary(int Photographs, int Kept, IReadOnlyList<LeftOutPhotograph> LeftOut);

/// <summary>
/// Purifies photographs in files and writes them as PNG. What is drawn for one depends on the seed and on its name alone: its file name, or
/// in a folder <c>folder/file.jpg</c> as seen from there.
/// </summary>
/// <param name="purifier">Cleans them; stays the caller's.</param>
/// <param name="seed">Of what it draws.</param>
public sealed class PhotographPurifier(Purifier purifier, long seed = 0)
{
    /// <summary>The list of photographs that are left out, in the folder of the others.</summary>
    public const string LeftOutName = "left-out.csv";

    // What is in memory at once: the second is two dozen million values, as much again for each thing that a purifier lays aside.
    private const int MostPhotographs = 64, MostPixels = 8 << 20;

    private const int Batch = 32, BatchPixels = 2 << 20;

    /// <summary>Whether the first photograph that has to be left out is an error.</summary>
    public bool Strict { get; init; }

    /// <summary>Purifies one photograph.</summary>
    /// <param name="photograph">The photograph's file.</param>
    /// <param name="path">The PNG file to write; not there yet.</param>
    /// <param name="threads">Threads to use.</param>
    /// <exception cref="InputException">The photograph cannot be used, or the file cannot be written or is there.</exception>
    public void WriteFile(string photograph, string path, int threads = 1)
    {
        OutputFile.CheckFolder(path);
        if (!string.Equals(Path.GetExtension(path), ".png", StringComparison.OrdinalIgnoreCase))
            throw new InputException($"{path}: what is written is PNG; let its name end in .png");
        if (File.Exists(path)) throw new InputException($"{path}: is there already; name a new file");
        set_num_threads(threads);
        var image = ImageFile.Read(photograph);
        try
        {
            ImageFile.WritePng(path, Purified([(Path.GetFileName(photograph), image)])[0]);
        }
        catch (InputException e) when (!e.Message.StartsWith(path, StringComparison.Ordinal))
        {
            throw new InputException($"{photograph}: {e.Message}", e);
        }
    }

    /// <summary>Purifies the photographs of a folder and of the folders below it, those of equal size together.</summary>
    /// <param name="photographs">The folder of photographs.</param>
    /// <param name="path">A folder that is empty, not there yet, or where the same was begun; not within the photographs' folder.</param>
    /// <param name="threads">Threads to use.</param>
    /// <param name="progress">Told how many photographs are done and how many there are.</param>
    /// <param name="cancellation">Stops after the batch at work; what is written stays.</param>
    /// <exception cref="InputException">
    /// There are no photographs, something else is in the folder, it cannot be written to; or (strict) a photograph cannot be used.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public PurifiedSummary WriteFolder(
        string photographs, string path, int threads = 1, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        var names = PhotographFolder.List(photographs);
        PhotographFolder.RequireOneFileEach(photographs, names, "would become one file");
        var root = new ImageFolder(photographs).Root;
        if (!string.IsNullOrWhiteSpace(path) && PhotographFolder.IsWithin(Path.GetFullPath(path), root))
        {
            throw new InputException(
                $"{path}: lies within the photographs' folder, where what is written would pass for photographs; name another");
        }
        var settings = new PurifiedSettings(PurifiedSettings.Current, root, purifier.Name, purifier.IsRandom ? seed : null);
        using var target = MarkedFolder.Open(
            path, PurifiedSettings.FileName, () => settings.Write(path), () => settings.Require(path), () => { });
        set_num_threads(threads);
        string[] left = [.. names.Where(name => !File.Exists(PngOf(name, path)))];
        var (kept, done) = (names.Length - left.Length, names.Length - left.Length);
        var leftOut = new List<LeftOutPhotograph>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };
        try
        {
            foreach (var batch in Batches(root, left, parallel, leftOut))
            {
                cancellation.ThrowIfCancellationRequested();
                if (WriteBatch(root, path, batch, parallel, leftOut)) done += batch.Count;
                progress?.Invoke(done + leftOut.Count, names.Length);
            }
        }
        finally
        {
            WriteLeftOut(path, leftOut);
        }
        return new PurifiedSummary(names.Length, kept, [.. leftOut.OrderBy(l => l.Image, StringComparer.Ordinal)]);
    }

    private static string PngOf(string name, string path) => Path.Combine(path, PhotographFolder.CropName(name, 0));

    /// <summary>Photographs of one size each; those that cannot be read are added to the list.</summary>
    private IEnumerable<List<(string Name, FaceImage Image)>> Batches(
        string root, string[] names, ParallelOptions parallel, List<LeftOutPhotograph> leftOut)
    {
        var (read, pixels) = (new List<(string Name, FaceImage Image)>(), 0L);
        foreach (var some in names.Chunk(parallel.MaxDegreeOfParallelism))
        {
            var images = new FaceImage?[some.Length];
            var reasons = new string?[some.Length];
            InParallel(some.Length, parallel, i => (images[i], reasons[i]) = Read(Path.Combine(root, some[i])));
            leftOut.AddRange(some.ZipExact(reasons).Where(p => p.Second is not null).Select(p => new LeftOutPhotograph(p.First, p.Second!)));
            read.AddRange(some.ZipExact(images).Where(p => p.Second is not null).Select(p => (p.First, p.Second!)));
            pixels += images.Sum(i => i is null ? 0L : (long)i.Width * i.Height);
            if (read.Count < MostPhotographs && pixels < MostPixels) continue;
            foreach (var batch in OfOneSize(read)) yield return batch;
            (read, pixels) = ([], 0);
        }
        foreach (var batch in OfOneSize(read)) yield return batch;
    }

    private static IEnumerable<List<(string Name, FaceImage Image)>> OfOneSize(List<(string Name, FaceImage Image)> read) =>
        from size in read.GroupBy(r => r.Image.Size)
        from batch in size.Chunk(Math.Clamp(BatchPixels / (size.Key.Values / 3), 1, Batch))
        select batch.ToList();

    private (FaceImage? Image, string? Reason) Read(string file)
    {
        try
        {
            return (ImageFile.Read(file), null);
        }
        catch (InputException e) when (!Strict)
        {
            // The list names the photograph itself.
            var named = e.Message.StartsWith(file + ": ", StringComparison.Ordinal);
            return (null, InputFile.OneLine(named ? e.Message[(file.Length + 2)..] : e.Message));
        }
    }

    /// <summary>Whether it could be purified.</summary>
    private bool WriteBatch(
        string root, string path, List<(string Name, FaceImage Image)> batch, ParallelOptions parallel, List<LeftOutPhotograph> leftOut)
    {
        FaceImage[] purified;
        try
        {
            purified = Purified(batch);
        }
        catch (InputException e)
        {
            if (Strict) throw new InputException($"{Path.Combine(root, batch[0].Name)}: {e.Message}", e);
            leftOut.AddRange(batch.Select(b => new LeftOutPhotograph(b.Name, InputFile.OneLine(e.Message))));
            return false;
        }
        InParallel(batch.Count, parallel, i =>
        {
            var file = PngOf(batch[i].Name, path);
            OutputFile.CreateFolderOf(file);
            ImageFile.WritePng(file, purified[i]);
        });
        return true;
    }

    private FaceImage[] Purified(List<(string Name, FaceImage Image)> photographs)
    {
        using var scope = NewDisposeScope();
        RandomDraw[]? draws = purifier.IsRandom
            ? [.. photographs.Select(p => new RandomDraw(new CounterRandom(seed, "purify", p.Name), 0))]
            : null;
        var size = photographs[0].Image.Size;
        var cleaned = purifier.Purify(ImageTensors.ToTensor([.. photographs.Select(p => p.Image)]), draws);
        var values = cleaned.contiguous().data<float>().ToArray();
        return [.. photographs.Select((_, i) => ImageTensors.FromPlanar(values.AsSpan(i * size.Values, size.Values), size))];
    }

    private static void InParallel(int count, ParallelOptions parallel, Action<int> work)
    {
        try
        {
            Parallel.For(0, count, parallel, work);
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<InputException>().FirstOrDefault() is { } input)
        {
            throw new InputException(input.Message, e);
        }
    }

    private static void WriteLeftOut(string path, List<LeftOutPhotograph> leftOut)
    {
        var list = Path.Combine(path, LeftOutName);
        if (leftOut.Count == 0)
        {
            File.Delete(list);
            return;
        }
        var lines = leftOut.OrderBy(l => l.Image, StringComparer.Ordinal)
            .Select(l => $"{CsvTable.Quote(l.Image)},{CsvTable.Quote(l.Reason)}\n");
        OutputFile.Write(list, Encoding.UTF8.GetBytes($"image,reason\n{string.Concat(lines)}"));
    }
}
