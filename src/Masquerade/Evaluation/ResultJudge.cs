using Masquerade.Attacks;
using Masquerade.Datasets;
using Masquerade.Faces;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Evaluation;

/// <summary>
/// Turns attack results into rows: judges every adversarial image once more after rounding to 8 bits and measures its structural similarity.
/// These looks are the evaluation's own and are not counted as the attack's.
/// </summary>
internal sealed class ResultJudge(PlannedModel model, RunCell cell)
{
    /// <summary>One row for each usable pair of the chunk, in its order.</summary>
    public List<AttackRow> Judge(PairChunk chunk, IReadOnlyList<AttackResult> results)
    {
        using var scope = NewDisposeScope();
        var images = results.Select((r, i) => (Result: r, Index: i)).Where(r => r.Result.Adversarial is not null).ToList();
        var rounded = new (bool Success, double L2)[results.Count];
        var similarity = new double[results.Count];
        if (images.Count > 0)
        {
            var size = model.Crops.Size;
            var indices = images.Select(r => (long)r.Index).ToArray();
            var values = new float[images.Count * size.Values];
            for (var i = 0; i < images.Count; i++) images[i].Result.Adversarial!.CopyTo(values, i * size.Values);
            var stored = ImageTensors.RoundTo8Bit(tensor(values, [images.Count, 3, size.Height, size.Width]));
            var embeddings = model.Model.Embedder.Embed(stored).data<float>().ToArray();
            var references = chunk.References!.index_select(0, tensor(indices)).data<float>().ToArray();
            var storedValues = stored.data<float>().ToArray();
            var classifier = new PairClassifier(model.Verifier.Threshold);
            var width = model.Model.Embedder.EmbeddingSize;
            Parallel.For(0, images.Count, i =>
            {
                var index = images[i].Index;
                var clean = new float[size.Values];
                ImageTensors.WritePlanar(chunk.Crop(chunk.Usable[index].Id, PairSide.Probe), clean);
                var distance = FaceVerifier.Distance(embeddings.AsSpan(i * width, width), references.AsSpan(i * width, width));
                rounded[index] = (
                    classifier.IsWrong(distance, chunk.Usable[index].SamePerson),
                    Difference.L2(clean, storedValues.AsSpan(i * size.Values, size.Values)));
                similarity[index] = StructuralSimilarity.Compute(clean, images[i].Result.Adversarial, size);
            });
        }
        return [.. results.Select((r, i) => Row(chunk.Usable[i], r, rounded[i], similarity[i]))];
    }

    /// <summary>The row of a pair that could not be read.</summary>
    public AttackRow Skip(VerificationPair pair, string reason) => new()
    {
        Pair = pair.Id,
        Goal = PairChunk.Goal(pair),
        Attack = cell.Attack,
        Family = cell.Family,
        Success = false,
        AlreadyWrong = false,
        Model = cell.Model,
        Threshold = model.Verifier.Threshold,
        Storage = cell.Storage,
        Status = "skipped",
        Reason = reason,
    };

    private AttackRow Row(VerificationPair pair, AttackResult result, (bool Success, double L2) rounded, double similarity)
    {
        var row = Skip(pair, result.Reason) with
        {
            Success = result.Success,
            AlreadyWrong = result.AlreadyWrong,
            DistanceBefore = result.DistanceBefore,
            Forwards = result.Forwards,
            Backwards = result.Backwards,
            Seconds = result.Seconds,
            Status = result.Success ? "ok" : "failed",
        };
        if (!result.Success) return row;
        row = row with { L2 = result.L2, Linf = result.Linf, DistanceAfter = result.DistanceAfter };
        // A clean probe is of whole 8-bit levels: nothing changes when it is rounded.
        if (result.AlreadyWrong) return row with { Success8Bit = true, L2After8Bit = 0, Ssim = 1 };
        return row with { Success8Bit = rounded.Success, L2After8Bit = rounded.Success ? rounded.L2 : null, Ssim = similarity };
    }
}
