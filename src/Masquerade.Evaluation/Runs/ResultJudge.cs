using Masquerade.Alignment;
using Masquerade.Attacks;
using Masquerade.Detection;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Imaging;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Evaluation.Runs;

/// <summary>
/// Turns attack results into rows: judges every adversarial image once more after rounding to 8 bits, behind a random defense in fresh draws,
/// and measures its structural similarity.
/// These looks are the evaluation's own and are not counted as the attack's.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="verifier">It, with the cell's defense in front of it.</param>
/// <param name="cell">Whose rows these are.</param>
/// <param name="seed">The run's seed.</param>
internal sealed class ResultJudge(PlannedModel model, DefendedVerifier verifier, RunCell cell, long seed)
{
    /// <summary>The reason of rows that another batch size or thread count may give otherwise; the last of several.</summary>
    public const string NearThreshold = "near-threshold";

    /// <summary>Draws of a random defense that decide whether an image fools it: in at least half of them.</summary>
    public const int FreshDraws = 20;

    private readonly PairClassifier _classifier = new(verifier.Threshold);

    /// <summary>One row for each usable pair of the chunk, in its order.</summary>
    public List<AttackRow> Judge(PairChunk chunk, IReadOnlyList<AttackResult> results)
    {
        using var scope = NewDisposeScope();
        var looks = Looks(chunk, results);
        return [.. results.Select((r, i) => Row(chunk.Usable[i], r, looks[i]))];
    }

    /// <summary>
    /// One row for each usable pair: images that were made against the bare verifier, judged by this one.
    /// </summary>
    /// <param name="chunk">The pairs.</param>
    /// <param name="rows">The bare verifier's rows.</param>
    /// <param name="results">Its results.</param>
    /// <param name="clean">How this verifier judges the clean probes.</param>
    public List<AttackRow> Carry(
        PairChunk chunk, IReadOnlyList<AttackRow> rows, IReadOnlyList<AttackResult> results, IReadOnlyList<Judgement> clean)
    {
        using var scope = NewDisposeScope();
        int[] found = [.. Enumerable.Range(0, results.Count).Where(i => results[i].Adversarial is not null)];
        var judged = new Judgement?[results.Count];
        if (found.Length > 0)
        {
            var judgements = Judgements(chunk, Stored(results, found), found);
            for (var i = 0; i < found.Length; i++) judged[found[i]] = judgements[i];
        }
        return [.. rows.Select((row, i) => Carry(chunk.Usable[i], row, judged[i], clean[i]))];
    }

    /// <summary>How this verifier judges the clean probes of a chunk, one judgement for each usable pair.</summary>
    public Judgement[] JudgeClean(PairChunk chunk) => Judgements(chunk, chunk.Probes!, [.. Enumerable.Range(0, chunk.Usable.Count)]);

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
        Threshold = verifier.Threshold,
        Storage = cell.Storage,
        Defense = cell.Defense,
        Knowledge = cell.Knowledge,
        Detector = verifier.Detector?.Name ?? "",
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
        if (look.Judgement?.FooledShare is { } share)
        {
            row = row with { FooledShare = share };
            if (!look.Judgement.Wrong)
                return row with { Success = false, Status = "failed", Reason = $"luck: fooled {FreshDraws * share:F0} of {FreshDraws} fresh draws" };
        }
        row = row with { Score = look.Judgement?.Score, Refused = look.Judgement?.Refused };
        row = row with { L2 = result.L2, Linf = result.Linf, DistanceAfter = result.DistanceAfter, LateGain = result.LateGain };
        // A clean probe is of whole 8-bit levels: nothing changes when it is rounded.
        if (result.AlreadyWrong) return row with { Success8Bit = true, L2After8Bit = 0, Ssim = 1 };
        row = row with { Ssim = look.Similarity };
        // Found under the 8-bit rule it is what it is after rounding; judging it twice could only contradict the row.
        if (cell.Storage == StorageNames.EightBit) return row with { Success8Bit = true, L2After8Bit = result.L2 };
        var survives = look.Judgement!.Wrong;
        return row with
        {
            Success8Bit = survives,
            L2After8Bit = survives ? look.L2 : null,
            Reason = look.Judgement.Near ? Near(result.Reason) : row.Reason,
        };
    }

    private AttackRow Carry(VerificationPair pair, AttackRow bare, Judgement? judged, Judgement clean)
    {
        var row = Skip(pair, judged is null && !clean.Wrong ? $"no image: {Why(bare)}" : "") with
        {
            DistanceBefore = clean.Distance,
            AlreadyWrong = clean.Wrong,
            Success = clean.Wrong || judged is { Wrong: true },
            FooledShare = clean.Wrong ? clean.FooledShare : judged?.FooledShare,
            Score = judged?.Score,
            Refused = judged?.Refused,
        };
        row = row with
        {
            Status = row.Success ? "ok" : "failed",
            Reason = clean.Near || judged is { Near: true } ? Near(row.Reason) : row.Reason,
        };
        if (clean.Wrong) return row with { L2 = 0, Linf = 0, DistanceAfter = clean.Distance, LateGain = 0, Success8Bit = true, L2After8Bit = 0, Ssim = 1 };
        if (!row.Success) return row;
        return row with
        {
            L2 = bare.L2,
            Linf = bare.Linf,
            DistanceAfter = judged!.Distance,
            LateGain = bare.LateGain,
            Success8Bit = true,
            L2After8Bit = bare.L2After8Bit,
            Ssim = bare.Ssim,
        };
    }

    private static string Why(AttackRow bare) => bare.AlreadyWrong ? "the bare verifier was wrong without one" : "the attack on the bare verifier failed";

    private Look[] Looks(PairChunk chunk, IReadOnlyList<AttackResult> results)
    {
        int[] found = [.. Enumerable.Range(0, results.Count).Where(i => results[i].Adversarial is not null)];
        var looks = new Look[results.Count];
        if (found.Length == 0) return looks;
        var size = model.Crops.Size;
        var stored = Stored(results, found);
        var judgements = cell.Storage == StorageNames.Float || verifier.IsRandom || verifier.Detector is not null ? Judgements(chunk, stored, found) : null;
        var storedValues = stored.data<float>().ToArray();
        Parallel.For(0, found.Length, i =>
        {
            var place = found[i];
            var clean = new float[size.Values];
            ImageTensors.WritePlanar(chunk.Crop(chunk.Usable[place].Id, PairSide.Probe), clean);
            looks[place] = new Look(
                judgements?[i],
                Difference.L2(clean, storedValues.AsSpan(i * size.Values, size.Values)),
                StructuralSimilarity.Compute(clean, results[place].Adversarial, size));
        });
        return looks;
    }

    /// <summary>Adversarial images after rounding to 8 bits.</summary>
    private Tensor Stored(IReadOnlyList<AttackResult> results, int[] found)
    {
        var size = model.Crops.Size;
        var images = new float[found.Length * size.Values];
        for (var i = 0; i < found.Length; i++) results[found[i]].Adversarial!.CopyTo(images, i * size.Values);
        return ImageTensors.RoundTo8Bit(tensor(images, [found.Length, 3, size.Height, size.Width]));
    }

    /// <param name="chunk">The pairs.</param>
    /// <param name="images">[m,3,H,W].</param>
    /// <param name="places">Which usable pair each belongs to.</param>
    private Judgement[] Judgements(PairChunk chunk, Tensor images, int[] places)
    {
        using var scope = NewDisposeScope();
        var references = chunk.References(verifier, seed).data<float>().ToArray();
        var width = verifier.Bare.Embedder.EmbeddingSize;
        var draws = verifier.IsRandom ? FreshDraws : 1;
        var (distances, wrong) = (new double[places.Length], new int[places.Length]);
        var (scores, refused) = (new double[places.Length], new int[places.Length]);
        for (var draw = 0; draw < draws; draw++)
        {
            using var inner = NewDisposeScope();
            var level = draw;
            var look = verifier.Look(images, verifier.IsRandom ? [.. places.Select(p => RandomDraw.Fresh(seed, chunk.Usable[p].Id, level))] : null);
            var (embeddings, seen) = (look.Embeddings.data<float>().ToArray(), look.Scores?.data<float>().ToArray());
            for (var i = 0; i < places.Length; i++)
            {
                var distance = FaceVerifier.Distance(
                    embeddings.AsSpan(i * width, width), references.AsSpan(places[i] * width, width));
                distances[i] += distance / draws;
                var score = seen?[i] ?? double.NegativeInfinity;
                scores[i] += (seen?[i] ?? 0) / (double)draws;
                if (verifier.Rule.Refuses(score)) refused[i]++;
                if (verifier.Rule.AttackerWins(chunk.Usable[places[i]].SamePerson, distance, score)) wrong[i]++;
            }
        }
        return [.. distances.Select((d, i) => new Judgement(
            d, 2 * wrong[i] >= draws, _classifier.IsNear(d), verifier.IsRandom ? wrong[i] / (double)draws : null,
            verifier.Detector is null ? null : scores[i], verifier.Detector is null ? null : 2 * refused[i] >= draws))];
    }

    private static string Near(string reason) => reason.Length == 0 ? NearThreshold : $"{reason}; {NearThreshold}";

    /// <summary>A verifier's judgement of an image.</summary>
    /// <param name="Distance">Squared embedding distance; a mean over draws behind a random defense.</param>
    /// <param name="Wrong">Whether the attacker has won; behind a random defense, in at least half of the draws.</param>
    /// <param name="Near">Whether another batch size or thread count may give another judgement.</param>
    /// <param name="FooledShare">Behind a random defense, in which share of the draws it is wrong.</param>
    /// <param name="Score">The detector's score, a mean over draws; null without a detector.</param>
    /// <param name="Refused">Whether it is refused, in at least half of the draws; null without a detector.</param>
    internal sealed record Judgement(double Distance, bool Wrong, bool Near, double? FooledShare, double? Score, bool? Refused);

    /// <summary>What the evaluation sees of an adversarial image.</summary>
    /// <param name="Judgement">After rounding to 8 bits; null where it was not judged again.</param>
    /// <param name="L2">Norm of the perturbation after rounding.</param>
    /// <param name="Similarity">SSIM of the image, not rounded, to the clean probe.</param>
    private readonly record struct Look(Judgement? Judgement, double L2, double Similarity);
}
