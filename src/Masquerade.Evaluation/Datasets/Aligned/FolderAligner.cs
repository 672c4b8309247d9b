using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Datasets.Aligned;

/// <summary>A photograph without a crop.</summary>
/// <param name="Image">Its name.</param>
/// <param name="Reason">Why, in a line.</param>
public sealed record LeftOutPhotograph(string Image, string Reason);

/// <summary>What aligning a folder came to.</summary>
/// <param name="Photographs">Photographs in the folder.</param>
/// <param name="Kept">Of them, those that an earlier call had done.</param>
/// <param name="Aligned">Photographs with a crop, earlier ones included.</param>
/// <param name="Crops">Crops that this call wrote.</param>
/// <param name="LeftOut">Photographs without a crop.</param>
public sealed record AlignedSummary(int Photographs, int Kept, int Aligned, int Crops, IReadOnlyList<LeftOutPhotograph> LeftOut);

/// <summary>
/// Cuts the faces out of a folder of photographs and of the folders below it, into a folder of crops of the same shape: PNG files,
/// <c>faces.csv</c> (boxes, probabilities and landmarks; it can be given as landmarks) and <c>left-out.csv</c>. What was interrupted is
/// gone on with, and what was left out is tried again. Memory does not grow with the number of photographs beyond their names.
/// </summary>
public sealed class FolderAligner
{
    // Committed to the lists together: what an interruption loses at most.
    private const int ChunkPerThread = 32;

    private readonly string _root;
    private readonly AlignmentKind _kind;
    private readonly IFaceDetector? _detector;
    private readonly LandmarkTable? _landmarks;
    private readonly string _faces;

    /// <summary>Works by looking for faces.</summary>
    /// <param name="photographs">The folder of photographs.</param>
    /// <param name="kind">What crops are made; not <see cref="AlignmentKind.None"/>.</param>
    /// <param name="detector">Finds the faces; stays the caller's.</param>
    /// <param name="fingerprint">What tells this detector and its settings from others: another one does not go on with a folder.</param>
    public FolderAligner(string photographs, AlignmentKind kind, IFaceDetector detector, string fingerprint)
        : this(photographs, kind, fingerprint)
    {
        ArgumentNullException.ThrowIfNull(detector);
        _detector = detector;
    }

    /// <summary>Works from a list of landmarks.</summary>
    /// <param name="photographs">The folder of photographs.</param>
    /// <param name="kind">What crops are made; not <see cref="AlignmentKind.None"/>.</param>
    /// <param name="landmarks">Where the faces are.</param>
    /// <exception cref="InputException">The list cannot be read any more.</exception>
    public FolderAligner(string photographs, AlignmentKind kind, LandmarkTable landmarks)
        : this(photographs, kind, $"landmarks of SHA-256 {Fingerprint(landmarks)}") => _landmarks = landmarks;

    private FolderAligner(string photographs, AlignmentKind kind, string faces)
    {
        ArgumentNullException.ThrowIfNull(photographs);
        if (kind.CropSize() is null) throw new InputException($"the alignment {kind.Name()} makes no crops: name another");
        (_root, _kind, _faces) = (photographs, kind, faces);
    }

    /// <summary>Whether every face of a photograph is cut out, the main one first; else only that.</summary>
    public bool AllFaces { get; init; }

    /// <summary>What becomes of a photograph in which no face is found.</summary>
    public FaceFallback Fallback { get; init; }

    /// <summary>Whether the first photograph that has to be left out is an error.</summary>
    public bool Strict { get; init; }

    /// <summary>Writes the crops and the lists.</summary>
    /// <param name="path">A folder that is empty, not there yet, or where the same was begun; not within the photographs' folder.</param>
    /// <param name="threads">How many photographs are at work at once, at least 1; what is written does not depend on it.</param>
    /// <param name="progress">Told how many photographs are done and how many there are, from any thread.</param>
    /// <param name="cancellation">Stops after the photographs at work; what is listed stays.</param>
    /// <exception cref="InputException">
    /// There are no photographs, something else is in the folder, it cannot be written to; or (strict) a photograph has no crop.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public AlignedSummary Write(string path, int threads = 1, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        var photographs = PhotographFolder.List(_root);
        PhotographFolder.RequireOneCropEach(_root, photographs, AllFaces);
        var root = new ImageFolder(_root).Root;
        RequireOneLineEach(root, photographs);
        using var target = Target(path, root);
        using var lists = new AlignedLists(path);
        string[] left = [.. photographs.Where(p => !lists.Done.Contains(p))];
        var (kept, done, crops) = (photographs.Length - left.Length, photographs.Length - left.Length, 0);
        var leftOut = new List<LeftOutPhotograph>();
        foreach (var chunk in left.Chunk(ChunkPerThread * threads))
        {
            var results = new AlignedPhotograph[chunk.Length];
            try
            {
                InParallel(chunk.Length, threads, cancellation, i =>
                {
                    results[i] = Align(Path.Combine(root, chunk[i]), chunk[i], path);
                    progress?.Invoke(Interlocked.Increment(ref done), photographs.Length);
                });
            }
            finally
            {
                // What is done is kept, whatever ended the work.
                lists.Add([.. results.Where(r => r is not null)]);
            }
            crops += results.Sum(r => r.Faces.Count);
            leftOut.AddRange(results.Where(r => r.Reason is not null).Select(r => new LeftOutPhotograph(r.Photograph, r.Reason!)));
        }
        return new AlignedSummary(photographs.Length, kept, photographs.Length - leftOut.Count, crops, leftOut);
    }

    private static void InParallel(int count, int threads, CancellationToken cancellation, Action<int> work)
    {
        try
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation }, work);
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<InputException>().FirstOrDefault() is { } input)
        {
            throw new InputException(input.Message, e);
        }
    }

    private MarkedFolder Target(string path, string root)
    {
        if (!string.IsNullOrWhiteSpace(path) && PhotographFolder.IsWithin(Path.GetFullPath(path), root))
            throw new InputException($"{path}: lies within the photographs' folder, where crops would pass for photographs; name another");
        var settings = new AlignedSettings(
            AlignedSettings.Current, root, _kind.Name(), _faces, Fallback.ToString().ToLowerInvariant(), AllFaces);
        return MarkedFolder.Open(path, AlignedSettings.FileName, () => settings.Write(path), () => settings.Require(path), () => { });
    }

    /// <summary>A list without folders cannot tell a/0001.jpg from b/0001.jpg; which came first must not decide.</summary>
    private void RequireOneLineEach(string root, string[] photographs)
    {
        var users = new Dictionary<LocatedFace, string>(ReferenceEqualityComparer.Instance);
        foreach (var name in _landmarks is null ? [] : photographs)
        {
            if ((_landmarks!.Find(name) ?? _landmarks.Find(Path.Combine(root, name))) is not { } face || users.TryAdd(face, name)) continue;
            throw new InputException(
                $"{_landmarks.FilePath}: has one line for {users[face]} and for {name}; list them with their folders");
        }
    }

    private static string Fingerprint(LandmarkTable landmarks)
    {
        ArgumentNullException.ThrowIfNull(landmarks);
        return FileHash.Of(landmarks.FilePath, CancellationToken.None);
    }

    private AlignedPhotograph Align(string file, string name, string target)
    {
        var crops = new List<(AlignedFace Face, FaceImage Image)>();
        try
        {
            using var photo = ImageFile.ReadPooled(file);
            foreach (var (where, probability) in Locate(photo.View, file, name))
            {
                var crop = where is null ? FaceAligner.Middle(photo.View, _kind.CropSize()!.Value) : FaceAligner.Align(photo.View, where, _kind);
                crops.Add((new AlignedFace(PhotographFolder.CropName(name, crops.Count), where, probability), crop));
            }
        }
        catch (InputException e) when (!Strict)
        {
            // The list names the photograph itself.
            var reason = e.Message.StartsWith(file + ": ", StringComparison.Ordinal) ? e.Message[(file.Length + 2)..] : e.Message;
            return new AlignedPhotograph(name, [], InputFile.OneLine(reason));
        }
        foreach (var (face, image) in crops) Write(Path.Combine(target, face.Crop), image);
        return new AlignedPhotograph(name, [.. crops.Select(c => c.Face)], null);
    }

    private static void Write(string path, FaceImage image)
    {
        OutputFile.CreateFolderOf(path);
        ImageFile.WritePng(path, image);
    }

    private IReadOnlyList<(LocatedFace? Where, double? Probability)> Locate(ImageView photo, string file, string name)
    {
        if (_landmarks is not null) return [(_landmarks.Locate(photo, file, name), null)];
        var faces = FaceChoice.Ranked(_detector!.Detect(photo), photo.Size);
        if (faces.Count > 0)
            return [.. faces.Take(AllFaces ? faces.Count : 1).Select(f => ((LocatedFace?)DetectorLocator.Located(f), (double?)f.Probability))];
        return Fallback == FaceFallback.Center ? [(null, null)] : throw DetectorLocator.NoFace(file);
    }
}
