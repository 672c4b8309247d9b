using Masquerade.Attacks;
using Masquerade.Datasets;
using Masquerade.Faces;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Evaluation;

/// <summary>
/// Turns attack results into rows: judges every adversarial image once more after rounding to 8 bits and measures its structural
/// similarity.
/// These looks are the evaluation's own and are not counted as the attack's.
/// </summary>
internal sealed class ResultJudge(PlannedModel model, RunCell cell)
{
    private readonly PairClassifier _classifier = new(model.Verifier.Threshold);

    /// <summary>The reason of rows that another batch size or thread count may give otherwise; the last of several.</summary>
    public const string NearThreshold = "near-threshold";

    /// <summary>One row for each usable pair of the chunk, in its order.</summary>
    public List<AttackRow> Judge(PairChunk chunk, IReadOnlyList<AttackResult> results)
    {
        using var scope = NewDisposeScope();
        int[] found = [.. Enumerable.Range(0, results.Count).Where(i => results[i].Adversarial is not null)];
        var looks = new Look[results.Count];
        if (found.Length > 0)
        {
            var size = model.Crops.Size;
            var images = new float[found.Length * size.Values];
            for (var i = 0; i < found.Length; i++) results[found[i]].Adversarial!.CopyTo(images, i * size.Values);
            var stored = ImageTensors.RoundTo8Bit(tensor(images, [found.Length, 3, size.Height, size.Width]));
            var embeddings = model.Model.Embedder.Embed(stored).data<float>().ToArray();
            var references = chunk.References!.data<float>().ToArray();
            var storedValues = stored.data<float>().ToArray();
            var width = model.Model.Embedder.EmbeddingSize;
            Parallel.For(0, found.Length, i =>
            {
                var place = found[i];
                var clean = new float[size.Values];
                ImageTensors.WritePlanar(chunk.Crop(chunk.Usable[place].Id, PairSide.Probe), clean);
                looks[place] = new Look(
                    FaceVerifier.Distance(embeddings.AsSpan(i * width, width), references.AsSpan(place * width, width)),
                    Difference.L2(clean, storedValues.AsSpan(i * size.Values, size.Values)),
                    StructuralSimilarity.Compute(clean, results[place].Adversarial, size));
            });
        }
        return [.. results.Select((r, i) => Row(chunk.Usable[i], r, looks[i]))];
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

    private AttackRow Row(VerificationPair pair, AttackResult result, Look look)
    {
        var row = Skip(pair, result.NearThreshold ? Near(result.Reason) : result.Reason) with
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
        row = row with { L2 = result.L2, Linf = result.Linf, DistanceAfter = result.DistanceAfter, LateGain = result.LateGain };
        // A clean probe is of whole 8-bit levels: nothing changes when it is rounded.
        if (result.AlreadyWrong) return row with { Success8Bit = true, L2After8Bit = 0, Ssim = 1 };
        row = row with { Ssim = look.Similarity };
        // Found under the 8-bit rule it is what it is after rounding; judging it twice could only contradict the row.
        if (cell.Storage == StorageNames.EightBit) return row with { Success8Bit = true, L2After8Bit = result.L2 };
        var survives = _classifier.IsWrong(look.Distance, pair.SamePerson);
        return row with
        {
            Success8Bit = survives,
            L2After8Bit = survives ? look.L2 : null,
            Reason = _classifier.IsNear(look.Distance) ? Near(result.Reason) : row.Reason,
        };
    }

    private static string Near(string reason) => reason.Length == 0 ? NearThreshold : $"{reason}; {NearThreshold}";

    /// <summary>What the evaluation sees of an adversarial image.</summary>
    /// <param name="Distance">Squared embedding distance after rounding to 8 bits.</param>
    /// <param name="L2">Norm of the perturbation after rounding.</param>
    /// <param name="Similarity">SSIM of the image, not rounded, to the clean probe.</param>
    private readonly record struct Look(double Distance, double L2, double Similarity);
}
