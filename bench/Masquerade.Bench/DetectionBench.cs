using System.Diagnostics;
using Masquerade.Alignment;
using Masquerade.Alignment.Mtcnn;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using SkiaSharp;

namespace Masquerade.Bench;

/// <summary>
/// MTCNN on a folder of people whose landmarks are known: how often the face it chooses is the one that was meant, how far its landmarks
/// are off, how well a box is estimated from landmarks alone, and how long a photograph takes. What it did not find as meant is listed, and
/// drawn where a file is named: its choice in red, the known landmarks in green.
/// </summary>
internal static class DetectionBench
{
    public const string Usage =
        "--weights FOLDER --images FOLDER --landmarks FILE [--people FILE] [--take N] [--threads N] [--sheet FILE.png]";

    // Of the distance between the eyes.
    private const double Agreement = 0.15;
    private const int Tile = 125;
    private const int Columns = 8;

    public static void Run(BenchOptions options)
    {
        using var detector = MtcnnDetector.Load(options.Text("weights"));
        var known = LandmarkFile.Read(options.Text("landmarks"));
        var folder = new ImageFolder(options.Text("images"));
        var only = options.Optional("people") is { } file ? File.ReadAllLines(file).Select(l => l.Split('\t')[0].Trim()).ToHashSet() : null;
        var take = options.Number("take", int.MaxValue);
        var threads = options.Number("threads", Environment.ProcessorCount);
        var sheet = options.Optional("sheet");
        options.RequireAllUsed();
        string[] names = [.. FolderOfPeople.Read(folder.Root).People.Where(p => only?.Contains(p.Name) ?? true)
            .SelectMany(p => p.Photographs).Take(take)];

        Engines(MtcnnDetector.WeightFiles(options.Text("weights")));
        var found = new (IReadOnlyList<DetectedFace> Faces, ImageSize Size)[names.Length];
        var decoding = Each(names.Length, threads, i => ImageFile.Read(folder.Find(names[i])!));
        var detecting = Each(names.Length, threads, i =>
        {
            var photo = ImageFile.Read(folder.Find(names[i])!);
            found[i] = (detector.Detect(photo), photo.Size);
        });

        FiveLandmarks[] meant = [.. names.Select(n => known.Find(n)?.Landmarks ?? throw new InputException($"{n} has no landmarks"))];
        DetectedFace?[] chosen = [.. found.Select(f => f.Faces.Count == 0 ? null : FaceChoice.Main(f.Faces, f.Size))];
        Console.WriteLine($"{names.Length} photographs on {threads} threads: {detecting:F2} ms each, of it {decoding:F2} ms to decode; {found.Sum(f => f.Faces.Count)} faces, {found.Count(f => f.Faces.Count == 0)} photographs without one");
        Console.WriteLine($"the face that was meant: landmarks within {Agreement:P0} of the eyes' distance, on average over the five");
        _ = Judge("as they are", (0, 0));
        // Two detectors, two origins: one may count pixels from 1, round down, or cut its windows elsewhere.
        var offsets = meant.ZipExact(chosen).Where(m => m.Second is not null)
            .SelectMany(m => m.Second!.Landmarks.Points.ZipExact(m.First.Points, (p, q) => (X: p.X - q.X, Y: p.Y - q.Y))).ToList();
        var missed = Judge("less the offset that all have in common (median)", (Median(offsets.Select(o => o.X)), Median(offsets.Select(o => o.Y))));

        List<int> Judge(string how, (double X, double Y) offset)
        {
            double[] distances = [.. meant.ZipExact(chosen, (m, c) => c is null ? double.PositiveInfinity : Distance(c.Landmarks, m, offset))];
            List<int> others = [.. Enumerable.Range(0, names.Length).Where(i => !(distances[i] < Agreement))];
            Console.WriteLine($"  {how}, ({offset.X:F2}, {offset.Y:F2}) pixels: {names.Length - others.Count} = "
                + $"{1 - (double)others.Count / names.Length:P2}; median distance {Median(distances):P1}");
            if (offset != default)
                foreach (var i in others) Console.WriteLine($"    {names[i]}: {(double.IsInfinity(distances[i]) ? "no face" : $"{distances[i]:P0}")}");
            return others;
        }
        Boxes(Enumerable.Range(0, names.Length).Except(missed).Select(i => chosen[i]!).ToList());
        if (sheet is not null) Draw(sheet, missed, i => ImageFile.Read(folder.Find(names[i])!), i => found[i].Faces, i => meant[i]);
    }

    /// <summary>Milliseconds for each of many, on threads together.</summary>
    private static double Each(int count, int threads, Action<int> work)
    {
        var watch = Stopwatch.StartNew();
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, work);
        return watch.Elapsed.TotalMilliseconds / count;
    }

    /// <summary>One pass of each network as a photograph of 250×250 needs it, on both engines, one thread; TorchSharp computes one output only.</summary>
    private static void Engines(IReadOnlyList<string> files)
    {
        const int Rounds = 30;
        (string Name, Func<MtcnnWeights, ModelProto> Build, long[] Shape)[] networks =
        [
            ("proposal, 1 × 151×151", MtcnnNetworks.Proposal, [1, 3, 151, 151]),
            ("refinement, 100 × 24×24", MtcnnNetworks.Refinement, [100, 3, 24, 24]),
            ("output, 20 × 48×48", MtcnnNetworks.Output, [20, 3, 48, 48]),
        ];
        Console.WriteLine($"{"one pass, ms",-26}{"ONNX Runtime",14}{"TorchSharp",14}{"ratio",8}");
        TorchSharp.torch.set_num_threads(1);
        for (var n = 0; n < networks.Length; n++)
        {
            var (name, build, shape) = networks[n];
            var model = build(MtcnnWeights.Read(files[n]));
            using var onnx = new OnnxSession(model, 1, files[n]);
            using var torch = OnnxTorchNetwork.Import(model, files[n]);
            using var scope = TorchSharp.torch.NewDisposeScope();
            using var noGrad = TorchSharp.torch.no_grad();
            var pixels = new float[shape.Aggregate(1L, (a, b) => a * b)];
            for (var i = 0; i < pixels.Length; i++) pixels[i] = MathF.Sin(i);
            var input = TorchSharp.torch.tensor(pixels, shape);
            var (one, other) = (new List<double>(), new List<double>());
            for (var round = -3; round < Rounds; round++)
            {
                var watch = Stopwatch.StartNew();
                using (onnx.Run(pixels, shape)) { }
                var first = watch.Elapsed.TotalMilliseconds;
                watch.Restart();
                using (torch.Forward(input)) { }
                if (round < 0) continue;
                one.Add(first);
                other.Add(watch.Elapsed.TotalMilliseconds);
            }
            Console.WriteLine($"{name,-26}{Median(one),14:F2}{Median(other),14:F2}{Median(other) / Median(one),8:F1}");
        }
    }

    private static double Distance(FiveLandmarks a, FiveLandmarks b, (double X, double Y) offset)
    {
        var eyes = double.Hypot(b.LeftEye.X - b.RightEye.X, b.LeftEye.Y - b.RightEye.Y);
        return a.Points.ZipExact(b.Points, (p, q) => double.Hypot(p.X - q.X - offset.X, p.Y - q.Y - offset.Y)).Average() / eyes;
    }

    /// <summary>The edges in the landmarks' own frame: what <see cref="FaceBoxEstimate"/> assumes, and how good that is.</summary>
    private static void Boxes(List<DetectedFace> faces)
    {
        var edges = faces.Select(face =>
        {
            var (x, y, spread) = FaceBoxEstimate.Frame(face.Landmarks);
            return (Left: (x - face.Box.Left) / spread, Top: (y - face.Box.Top) / spread, Right: (face.Box.Right - x) / spread,
                Bottom: (face.Box.Bottom - y) / spread);
        }).ToList();
        Console.WriteLine("edges of the box in spreads of the landmarks, median: "
            + $"left {Median(edges.Select(e => e.Left)):F3}, top {Median(edges.Select(e => e.Top)):F3}, "
            + $"right {Median(edges.Select(e => e.Right)):F3}, bottom {Median(edges.Select(e => e.Bottom)):F3}");
        double[] overlaps = [.. faces.Select(face => Overlap(FaceBoxEstimate.Of(face.Landmarks), face.Box)).Order()];
        Console.WriteLine($"overlap (intersection over union) of the estimated box with MTCNN's: median {overlaps[overlaps.Length / 2]:F3}, "
            + $"5th percentile {overlaps[overlaps.Length / 20]:F3}");
    }

    private static double Overlap(FaceBox a, FaceBox b)
    {
        var both = Math.Max(0, Math.Min(a.Right, b.Right) - Math.Max(a.Left, b.Left))
            * Math.Max(0, Math.Min(a.Bottom, b.Bottom) - Math.Max(a.Top, b.Top));
        return both / (a.Area + b.Area - both);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static void Draw(string path, List<int> missed, Func<int, FaceImage> photo, Func<int, IReadOnlyList<DetectedFace>> found,
        Func<int, FiveLandmarks> meant)
    {
        var columns = Math.Clamp(missed.Count, 1, Columns);
        using var bitmap = new SKBitmap(columns * Tile, Math.Max(1, (missed.Count + columns - 1) / columns) * Tile);
        using var canvas = new SKCanvas(bitmap);
        using var red = new SKPaint { Color = SKColors.Red, IsStroke = true, StrokeWidth = 3, IsAntialias = true };
        using var grey = new SKPaint { Color = SKColors.Orange, IsStroke = true, StrokeWidth = 1.5f, IsAntialias = true };
        using var green = new SKPaint { Color = SKColors.Lime, IsAntialias = true };
        for (var n = 0; n < missed.Count; n++)
        {
            var image = photo(missed[n]);
            canvas.Save();
            canvas.Translate(n % columns * Tile, n / columns * Tile);
            canvas.ClipRect(new SKRect(0, 0, Tile, Tile));
            canvas.Scale((float)Tile / Math.Max(image.Width, image.Height));
            using (var picture = SKImage.FromEncodedData(ImageFile.EncodePng(image)))
                canvas.DrawImage(picture, 0, 0, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
            var faces = found(missed[n]);
            var chosen = faces.Count == 0 ? null : FaceChoice.Main(faces, image.Size);
            foreach (var face in faces)
            {
                canvas.DrawRect(new SKRect((float)face.Box.Left, (float)face.Box.Top, (float)face.Box.Right, (float)face.Box.Bottom),
                    face == chosen ? red : grey);
            }
            foreach (var point in meant(missed[n]).Points) canvas.DrawCircle((float)point.X, (float)point.Y, 4, green);
            canvas.Restore();
        }
        using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(path, png.ToArray());
        Console.WriteLine($"drawn into {path}");
    }
}
