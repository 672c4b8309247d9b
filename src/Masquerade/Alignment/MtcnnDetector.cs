using Masquerade.Alignment.Mtcnn;
using Masquerade.Imaging;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;

namespace Masquerade.Alignment;

/// <summary>How an <see cref="MtcnnDetector"/> looks.</summary>
public sealed record MtcnnOptions
{
    /// <summary>Side of the smallest face that is looked for, in pixels, at least 12.</summary>
    public int MinimumFace { get; init; } = 20;

    /// <summary>
    /// Faces are looked for in photographs of at most so many pixels a side, at least 12; a larger one is shrunk for it, and the smallest
    /// face grows with it.
    /// </summary>
    public int LongestSide { get; init; } = 1600;

    /// <summary>Threads of one pass through a network.</summary>
    public int Threads { get; init; } = 1;
}

/// <summary>
/// Multi-task cascaded convolutional networks (Zhang et al., IEEE SPL 2016), with the numbers and habits of facenet-pytorch: thresholds
/// 0.6, 0.7 and 0.7, scales 0.709 apart, windows cut out where they lie inside the photograph and resampled by averaging. Runs on ONNX
/// Runtime; loads no libtorch. Safe to use from several threads at once.
/// </summary>
public sealed class MtcnnDetector : IFaceDetector
{
    private const int Window = 12;
    private const int Stride = 2;
    private const float ScaleFactor = 0.709f;
    private const float ProposalThreshold = 0.6f;
    private const float RefinementThreshold = 0.7f;
    private const float OutputThreshold = 0.7f;
    private const float Middle = 127.5f;
    private const float Scale = 1 / 128f;

    // Bounds the work that a picture made for it can cause; a crowd of hundreds stays far below.
    private const int MostWindowsOfAScale = 10_000;
    private const int Batch = 128;

    private static readonly ImageSize RefinementSize = new(24, 24);
    private static readonly ImageSize OutputSize = new(48, 48);

    private readonly MtcnnOptions _options;
    private readonly OnnxSession _proposal;
    private readonly OnnxSession _refinement;
    private readonly OnnxSession _output;

    private MtcnnDetector(MtcnnOptions options, OnnxSession[] networks) =>
        (_options, _proposal, _refinement, _output) = (options, networks[0], networks[1], networks[2]);

    /// <summary>Loads the three networks.</summary>
    /// <param name="folder">
    /// A folder with <c>pnet.pt</c>, <c>rnet.pt</c> and <c>onet.pt</c>, or with <c>det1.npy</c>, <c>det2.npy</c> and <c>det3.npy</c>.
    /// </param>
    /// <param name="options">How it looks.</param>
    /// <exception cref="InputException">A file is missing, damaged, or of another network.</exception>
    public static MtcnnDetector Load(string folder, MtcnnOptions? options = null)
    {
        options ??= new MtcnnOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MinimumFace, Window, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LongestSide, Window, nameof(options));
        Func<MtcnnWeights, ModelProto>[] networks = [MtcnnNetworks.Proposal, MtcnnNetworks.Refinement, MtcnnNetworks.Output];
        var files = WeightFiles(folder);
        var sessions = new OnnxSession[networks.Length];
        try
        {
            for (var i = 0; i < sessions.Length; i++)
                sessions[i] = new OnnxSession(networks[i](MtcnnWeights.Read(files[i])), options.Threads, files[i]);
            return new MtcnnDetector(options, sessions);
        }
        catch
        {
            foreach (var session in sessions) session?.Dispose();
            throw;
        }
    }

    /// <summary>The files that <see cref="Load"/> reads.</summary>
    /// <exception cref="InputException">The folder holds no weights, or only some.</exception>
    public static IReadOnlyList<string> WeightFiles(string folder) => MtcnnWeights.FilesIn(folder);

    /// <inheritdoc/>
    public IReadOnlyList<DetectedFace> Detect(ImageView photo)
    {
        var smaller = ImageResize.ShrinkTo(photo, _options.LongestSide);
        var seen = smaller is null ? photo : smaller.View;
        using var sums = new SummedArea(seen);
        var faces = Output(sums, Refine(sums, Propose(sums)));
        if (smaller is null) return faces;
        var (across, down) = ((double)photo.Width / seen.Width, (double)photo.Height / seen.Height);
        return [.. faces.Select(face => Enlarged(face, across, down))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _proposal.Dispose();
        _refinement.Dispose();
        _output.Dispose();
    }

    /// <summary>Windows of every scale that look like a face to the first network.</summary>
    private List<Candidate> Propose(SummedArea photo)
    {
        var (width, height) = (photo.Size.Width, photo.Size.Height);
        var windows = new List<Candidate>();
        var corrections = new List<float>();
        var scale = (float)Window / _options.MinimumFace;
        for (var shorter = Math.Min(width, height) * scale; shorter >= Window; shorter *= ScaleFactor, scale *= ScaleFactor)
        {
            var size = new ImageSize((int)(width * scale + 1), (int)(height * scale + 1));
            var pixels = new float[size.Values];
            photo.Resample(0, 0, width, height, size, pixels, Middle, Scale);
            ProposeAt(scale, size, pixels, windows, corrections);
        }
        var kept = new List<Candidate>();
        foreach (var i in NonMaximumSuppression.OfUnion(Span(windows), 0.7f))
            kept.Add(windows[i].Corrected(Span(corrections).Slice(4 * i, 4), 0).Squared());
        return kept;
    }

    private void ProposeAt(float scale, ImageSize size, float[] pixels, List<Candidate> windows, List<float> corrections)
    {
        using var result = _proposal.Run(pixels, 1, 3, size.Height, size.Width);
        var shape = result[0].GetTensorTypeAndShape().Shape;
        var logits = result[0].GetTensorDataAsSpan<float>();
        var boxes = result[1].GetTensorDataAsSpan<float>();
        var (columns, plane) = ((int)shape[3], (int)(shape[2] * shape[3]));
        var found = new List<(Candidate Window, int Place)>();
        for (var at = 0; at < plane; at++)
        {
            var probability = Probability(logits[at], logits[plane + at]);
            if (!(probability >= ProposalThreshold)) continue;
            var (x, y) = (at % columns * Stride, at / columns * Stride);
            found.Add((new Candidate(MathF.Floor((x + 1) / scale), MathF.Floor((y + 1) / scale), MathF.Floor((x + Window) / scale),
                MathF.Floor((y + Window) / scale), probability), at));
        }
        if (found.Count > MostWindowsOfAScale) found = [.. found.OrderByDescending(f => f.Window.Score).Take(MostWindowsOfAScale)];
        foreach (var i in NonMaximumSuppression.OfUnion([.. found.Select(f => f.Window)], 0.5f))
        {
            windows.Add(found[i].Window);
            for (var k = 0; k < 4; k++) corrections.Add(boxes[k * plane + found[i].Place]);
        }
    }

    /// <summary>Those of the windows that look like a face to the second network, moved as it says.</summary>
    private List<Candidate> Refine(SummedArea photo, List<Candidate> windows)
    {
        var passed = new List<Candidate>();
        var corrections = new List<float>();
        Judge(_refinement, RefinementSize, RefinementThreshold, photo, windows, (window, result, i) =>
        {
            passed.Add(window);
            corrections.AddRange(result[1].GetTensorDataAsSpan<float>().Slice(4 * i, 4));
        });
        var kept = new List<Candidate>();
        foreach (var i in NonMaximumSuppression.OfUnion(Span(passed), 0.7f))
            kept.Add(passed[i].Corrected(Span(corrections).Slice(4 * i, 4), 1).Squared());
        return kept;
    }

    /// <summary>The faces.</summary>
    private DetectedFace[] Output(SummedArea photo, List<Candidate> windows)
    {
        var passed = new List<Candidate>();
        var landmarks = new List<FiveLandmarks>();
        Judge(_output, OutputSize, OutputThreshold, photo, windows, (window, result, i) =>
        {
            passed.Add(window.Corrected(result[1].GetTensorDataAsSpan<float>().Slice(4 * i, 4), 1));
            landmarks.Add(Landmarks(window, result[2].GetTensorDataAsSpan<float>().Slice(10 * i, 10)));
        });
        return
        [
            .. NonMaximumSuppression.OfSmaller(Span(passed), 0.7f).Select(i => new DetectedFace(
                new FaceBox(passed[i].Left, passed[i].Top, passed[i].Right, passed[i].Bottom), passed[i].Score, landmarks[i])),
        ];
    }

    private delegate void Pass(Candidate window, IReadOnlyList<Microsoft.ML.OnnxRuntime.OrtValue> result, int place);

    /// <summary>Shows windows to a network, in batches.</summary>
    private static void Judge(
        OnnxSession network, ImageSize size, float threshold, SummedArea photo, List<Candidate> windows, Pass pass)
    {
        var pixels = new float[Math.Min(Batch, windows.Count) * size.Values];
        var shown = new List<Candidate>(Batch);
        for (var next = 0; next < windows.Count;)
        {
            shown.Clear();
            for (; next < windows.Count && shown.Count < Batch; next++)
            {
                // One-based places of the first and the last pixel, cut at the photograph's edges, as facenet-pytorch has them.
                var (left, top) = (Math.Max((int)windows[next].Left, 1), Math.Max((int)windows[next].Top, 1));
                var right = Math.Min((int)windows[next].Right, photo.Size.Width);
                var bottom = Math.Min((int)windows[next].Bottom, photo.Size.Height);
                if (right < left || bottom < top) continue;
                var to = pixels.AsSpan(shown.Count * size.Values, size.Values);
                photo.Resample(left - 1, top - 1, right - left + 1, bottom - top + 1, size, to, Middle, Scale);
                shown.Add(windows[next]);
            }
            if (shown.Count == 0) continue;
            using var result = network.Run(pixels.AsMemory(0, shown.Count * size.Values), shown.Count, 3, size.Height, size.Width);
            for (var i = 0; i < shown.Count; i++)
            {
                var logits = result[0].GetTensorDataAsSpan<float>().Slice(2 * i, 2);
                var probability = Probability(logits[0], logits[1]);
                if (probability > threshold) pass(shown[i] with { Score = probability }, result, i);
            }
        }
    }

    private static FiveLandmarks Landmarks(Candidate window, ReadOnlySpan<float> places)
    {
        var (width, height) = (window.Right - window.Left + 1, window.Bottom - window.Top + 1);
        var points = new ImagePoint[5];
        for (var i = 0; i < 5; i++)
            points[i] = new ImagePoint(width * places[i] + window.Left - 1, height * places[5 + i] + window.Top - 1);
        return new FiveLandmarks(points[0], points[1], points[2], points[3], points[4]);
    }

    private static DetectedFace Enlarged(DetectedFace face, double across, double down)
    {
        var (box, marks) = (face.Box, face.Landmarks);
        return face with
        {
            Box = new FaceBox(box.Left * across, box.Top * down, box.Right * across, box.Bottom * down),
            Landmarks = new FiveLandmarks(
                Point(marks.LeftEye), Point(marks.RightEye), Point(marks.Nose), Point(marks.LeftMouth), Point(marks.RightMouth)),
        };

        ImagePoint Point(ImagePoint point) => new(point.X * across, point.Y * down);
    }

    /// <summary>The second of two probabilities, by their logits.</summary>
    private static float Probability(float none, float face) => 1 / (1 + MathF.Exp(none - face));

    private static ReadOnlySpan<T> Span<T>(List<T> list) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(list);
}
