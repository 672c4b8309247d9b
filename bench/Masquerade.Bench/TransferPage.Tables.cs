using System.Globalization;
using System.Text;
using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Bench;

/// <summary>The page's tables: direction by direction, what rounding takes, and what pasting does.</summary>
internal static partial class TransferPage
{
    private static void Table(StringBuilder text, RunSummary run, string source, string target, string storage, string way, string title)
    {
        var wanted = run.Transfers.FirstOrDefault(t => t.Source.Model == source && t.Source.Storage == storage && t.Target.Name == target && t.Target.Way == way);
        if (wanted is null || TransferTables.Of(run).FirstOrDefault(t => t.Title == TransferTables.Title(wanted)) is not { } table) return;
        text.Append(CultureInfo.InvariantCulture, $"**{title}** ({table.Title})\n\n");
        text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", table.Headers)} |\n|:---|").Insert(text.Length, "---:|", table.Headers.Count - 1).Append('\n');
        foreach (var row in table.Rows) text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row)} |\n");
        text.Append('\n');
    }

    /// <summary>How much of what is lost rounding takes.</summary>
    private static void Rounding(StringBuilder text, RunSummary run, List<string> models)
    {
        text.Append("""
            ## How much of it is rounding to 8 bits

            Images that were searched for as floats are rounded before anybody judges them. Those that no longer fool the model that they were made on are lost to
            rounding alone.

            | attack | made on | fool it after rounding | fool the other model | confidence of the attacked model: clean, after rounding | confidence of the other: clean, after rounding |
            |:---|:---|---:|---:|---:|---:|

            """);
        foreach (var attack in run.Transfers.Select(t => t.Attack).Distinct())
        {
            foreach (var source in models)
            {
                var others = run.Transfers.Where(t => t.Attack == attack && t.Source.Model == source && t.Source.Storage == StorageNames.Float
                    && !t.IsItself && t.Target.Way == Mapped).ToList();
                if (others.Count == 0) continue;
                var own = others.Select(t => Own(run, t)).OfType<TransferSummary>().ToList();
                text.Append(CultureInfo.InvariantCulture, $"| {attack} | {source} | {Rate(Fooled(own))} | {Rate(Fooled(others))} | {Fall(own)} | {Fall(others)} |\n");
            }
        }
        var floats = Of(run, StorageNames.Float, Mapped, "fgsm", "deepfool").Where(t => t.Attack.StartsWith("minimal/", StringComparison.Ordinal)).ToList();
        var rounded = Of(run, StorageNames.EightBit, Mapped, "fgsm", "deepfool").ToList();
        text.Append(CultureInfo.InvariantCulture, $"""

            Of the float images of DeepFool and FGSM (`minimal`), {Share(Fooled(floats.Select(t => Own(run, t)).OfType<TransferSummary>()))} still fool the model that they were made on once they
            are rounded, and {Share(Fooled(floats))} fool the other. Under the 8-bit rule all of them fool the first, and {Share(Fooled(rounded))} the other. The other's
            confidence falls by {Drop(floats):F3} and by {Drop(rounded):F3}: rounding undoes attacks on the model that was attacked, {(Drop(rounded) - Drop(floats) < 0.02
                ? "but it is not what keeps these images from transferring" : "and some of what transfers")}.


            """);

        static string Fall(IReadOnlyList<TransferSummary> transfers) => transfers.Count == 0 ? "–" : string.Join(" / ", Enum.GetValues<AttackGoal>()
            .Select(goal => transfers.FirstOrDefault(t => t.Goal == goal))
            .Select(t => t?.Confidence is { } after && t.Drop is { } drop ? Text($"{after.Value + drop.Value:F3} → {after.Value:F3}") : "–"));
    }

    private static void Pasting(StringBuilder text, RunSummary run, List<string> models)
    {
        var pasted = run.Transfers.Where(t => t.Target.Way == Pasted && t.Source.Storage == StorageNames.EightBit).ToList();
        if (pasted.Count == 0) return;
        text.Append("""
            ## Put back into the photograph

            The same images under the 8-bit rule, their perturbations put back into the full photographs, which both models then align for themselves (`--paste`).

            | attack | made on | fool it, pasted | fool the other, mapped | fool the other, pasted |
            |:---|:---|---:|---:|---:|

            """);
        foreach (var group in pasted.GroupBy(t => (t.Attack, t.Source.Model)))
        {
            var mapped = run.Transfers.Where(t => !t.IsItself && t.Target.Way == Mapped && t.Attack == group.Key.Attack && t.Source == group.First().Source);
            text.Append(CultureInfo.InvariantCulture,
                $"| {group.Key.Attack} | {group.Key.Model} | {Rate(Fooled(group.Where(t => t.IsItself)))} | {Rate(Fooled(mapped))} | {Rate(Fooled(group.Where(t => !t.IsItself)))} |\n");
        }
        var small = pasted.Where(t => t.IsItself && (t.Attack.EndsWith("/fgsm", StringComparison.Ordinal) || t.Attack.EndsWith("/deepfool", StringComparison.Ordinal)));
        text.Append(CultureInfo.InvariantCulture, $"""

            A perturbation that is interpolated into the photograph and out of it again is a little weaker: of the images of DeepFool and FGSM, which end at the
            boundary, {Share(Fooled(small))} still fool the model that they were made on.


            """);
    }
}
