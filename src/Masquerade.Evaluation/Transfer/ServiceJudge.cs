using System.Collections.Concurrent;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Remote;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Transfer;

/// <summary>
/// A service that judges images. It gets what the attacker hands over and the reference's photograph, both as 8-bit PNG files, and looks
/// for the faces itself.
/// </summary>
/// <param name="session">The books around the service; owned from here on.</param>
/// <param name="way">How images come to it.</param>
internal sealed class ServiceJudge(RemoteSession session, TransferWay way) : ITargetJudge
{
    // The session keeps to its rate; more than one call under way hides the service's latency.
    private const int AtOnce = 4;

    /// <summary>The books around the service.</summary>
    public RemoteSession Session => session;

    /// <inheritdoc/>
    public ITargetPairs Prepare(TransferSource source, IReadOnlyList<TransferPair> pairs) => new Pairs(session, way, pairs);

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    /// <summary>The images of some pairs, as they would be sent.</summary>
    internal sealed class Pairs(RemoteSession session, TransferWay way, IReadOnlyList<TransferPair> pairs) : ITargetPairs
    {
        private readonly ConcurrentDictionary<string, RemoteImage> _references = new(StringComparer.Ordinal);

        /// <summary>What would be sent for a probe.</summary>
        /// <exception cref="InputException">A photograph cannot be read any more.</exception>
        public (RemoteImage Probe, RemoteImage Reference) Images(TransferProbe probe)
        {
            var pair = pairs[probe.Pair];
            return (
                RemoteImage.Of(ImageFile.EncodePng(pair.HandedOver(probe.Image, way.Paste))),
                _references.GetOrAdd(pair.ReferencePath, path => RemoteImage.Of(ImageFile.EncodePng(ImageFile.Read(path)))));
        }

        /// <inheritdoc/>
        public async Task<TransferJudgement?[]> JudgeAsync(
            IReadOnlyList<TransferProbe> probes, Action judged, CancellationToken cancellation)
        {
            var judgements = new TransferJudgement?[probes.Count];
            var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation };
            await Parallel.ForEachAsync(Enumerable.Range(0, probes.Count), options, async (i, stop) =>
            {
                var (probe, reference) = Images(probes[i]);
                var answer = await session.CompareAsync(probe, reference, stop);
                judgements[i] = answer is null ? null : Judgement(answer, session.Verifier.Threshold);
                judged();
            });
            return judgements;
        }
    }

    /// <summary>A service's answer as a judgement by its own threshold.</summary>
    internal static TransferJudgement Judgement(RemoteAnswer answer, double threshold) => answer.Outcome switch
    {
        RemoteOutcome.Judged => new TransferJudgement(
            TransferOutcome.Judged, null, answer.Confidence, (answer.Confidence ?? 0) >= threshold, ""),
        RemoteOutcome.NoFaceInProbe => TransferJudgement.NoFace(Said(answer, "no face found in the image")),
        RemoteOutcome.NoFaceInReference => TransferJudgement.NoFace(Said(answer, "no face found in the reference")),
        _ => TransferJudgement.Refused(Said(answer, "the service does not take the image")),
    };

    private static string Said(RemoteAnswer answer, string otherwise) =>
        answer.Reason.Length > 0 ? InputFile.OneLine(answer.Reason) : otherwise;
}
