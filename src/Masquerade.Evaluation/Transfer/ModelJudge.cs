using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Ledger;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Transfer;

/// <summary>A model that judges images which were made against another one, each taken through its own alignment.</summary>
/// <param name="model">The model; owned from here on.</param>
/// <param name="threshold">Its threshold on the squared distance.</param>
/// <param name="way">How images come to it.</param>
/// <param name="cropper">Makes its crops of the photographs of a source's pairs.</param>
/// <param name="detector">Looks for faces again, where that is the way; it stays the caller's.</param>
/// <param name="preprocessing">What is done to its crops.</param>
internal sealed class ModelJudge(
    FaceModel model, double threshold, TransferWay way, Func<TransferSource, FaceCropper> cropper, IFaceDetector? detector,
    Preprocessing preprocessing) : ITargetJudge
{
    private readonly AlignmentKind _kind = AlignmentKinds.Parse(model.Descriptor.Alignment);

    /// <inheritdoc/>
    public ITargetPairs Prepare(TransferSource source, IReadOnlyList<TransferPair> pairs)
    {
        var (references, probes) = (new TargetCrop[pairs.Count], new TargetCrop[pairs.Count]);
        var cut = way.Detect ? null : cropper(source);
        Parallel.For(0, pairs.Count, i =>
        {
            var pair = pairs[i];
            references[i] = Try(() => cut is null
                ? Detected(ImageFile.Read(pair.ReferencePath), "reference") : Own(cut, pair.ReferencePath, pair.Pair.Reference));
            if (cut is not null) probes[i] = Try(() => Own(cut, pair.ProbePath, pair.Pair.Probe));
        });
        return new Pairs(this, cut, pairs, references, Embed([.. references.Select(r => r.Image)]), probes);
    }

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    private TargetCrop Own(FaceCropper cut, string path, string name)
    {
        using var photo = ImageFile.ReadPooled(path);
        var (crop, frame) = cut.Cut(photo.View, path, name);
        return new TargetCrop(preprocessing.Apply(crop), frame);
    }

    /// <summary>The crop of the main face that is found in an image, or why there is none.</summary>
    private TargetCrop Detected(FaceImage image, string side)
    {
        if (_kind == AlignmentKind.None)
        {
            var size = model.Descriptor.InputSize;
            return image.Size == size ? new TargetCrop(image)
                : TargetCrop.Not(TransferJudgement.Refused($"the {side} is {image.Size}, and the model takes {size}"));
        }
        var faces = detector!.Detect(image.View);
        return faces.Count == 0 ? TargetCrop.Not(TransferJudgement.NoFace($"no face found in the {side}"))
            : new TargetCrop(FaceAligner.Align(image.View, DetectorLocator.Located(FaceChoice.Main(faces, image.Size)), _kind));
    }

    private static TargetCrop Try(Func<TargetCrop> crop)
    {
        try
        {
            return crop();
        }
        catch (InputException e)
        {
            return TargetCrop.Not(TransferJudgement.Refused(e.Message));
        }
    }

    /// <summary>Embeddings of those crops that there are.</summary>
    private float[]?[] Embed(IReadOnlyList<FaceImage?> crops)
    {
        int[] there = [.. Enumerable.Range(0, crops.Count).Where(i => crops[i] is not null)];
        var (values, width) = (model.Descriptor.InputSize.Values, model.Embedder.EmbeddingSize);
        var images = new float[there.Length * values];
        Parallel.For(0, there.Length, i => ImageTensors.WritePlanar(crops[there[i]]!, images.AsSpan(i * values, values)));
        var embeddings = new float[there.Length * width];
        if (there.Length > 0) model.Embedder.Embed(images, there.Length, embeddings);
        var found = new float[]?[crops.Count];
        for (var i = 0; i < there.Length; i++) found[there[i]] = embeddings.AsSpan(i * width, width).ToArray();
        return found;
    }

    private sealed class Pairs(
        ModelJudge judge, FaceCropper? cut, IReadOnlyList<TransferPair> pairs, TargetCrop[] references, float[]?[] embedded,
        TargetCrop[] clean) : ITargetPairs
    {
        /// <inheritdoc/>
        public Task<TransferJudgement?[]> JudgeAsync(IReadOnlyList<TransferProbe> probes, Action judged, CancellationToken cancellation)
        {
            var crops = new TargetCrop[probes.Count];
            Parallel.For(0, probes.Count, new ParallelOptions { CancellationToken = cancellation }, i => crops[i] = Crop(probes[i]));
            var embeddings = judge.Embed([.. crops.Select(c => c.Image)]);
            var judgements = new TransferJudgement?[probes.Count];
            for (var i = 0; i < probes.Count; i++)
            {
                judgements[i] = crops[i].Problem ?? references[probes[i].Pair].Problem
                    ?? TransferJudgement.Of(FaceVerifier.Distance(embeddings[i], embedded[probes[i].Pair]), judge.Threshold);
                judged();
            }
            return Task.FromResult(judgements);
        }

        private TargetCrop Crop(TransferProbe probe)
        {
            var (pair, way) = (pairs[probe.Pair], judge.Way);
            if (cut is null) return Try(() => judge.Detected(pair.HandedOver(probe.Image, way.Paste), "image"));
            var own = clean[probe.Pair];
            if (own.Image is not { } around || probe.Image is null) return own;
            // The face is where it was: the locator knows the photograph by its file.
            return Try(() => new TargetCrop(way.Paste
                ? cut.Cut(pair.HandedOver(probe.Image, paste: true).View, pair.ProbePath, pair.Pair.Probe).Crop
                : pair.Frame.Carry(probe.Image, own.Frame, around)));
        }
    }

    private double Threshold => threshold;

    private TransferWay Way => way;

    /// <summary>A crop for the model, or why there is none.</summary>
    private readonly record struct TargetCrop(FaceImage? Image, CropFrame Frame = default, TransferJudgement? Problem = null)
    {
        public static TargetCrop Not(TransferJudgement problem) => new(null, default, problem);
    }
}
