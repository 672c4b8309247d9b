using System.Text.Json;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Reporting.Json;

/// <summary>
/// What <c>summary.json</c> says of images that were carried over to other verifiers, where a run has some: <c>transfers</c>, one object
/// for each verifier, setting, attack and goal. Confidences are in the right answer.
/// </summary>
internal static class TransferJson
{
    public static void Write(Utf8JsonWriter json, RunSummary summary)
    {
        if (summary.Transfers.Count == 0) return;
        SummaryJson.Array(json, "transfers", summary.Transfers, transfer =>
        {
            json.WriteString("target", transfer.Target.Name);
            json.WriteString("way", transfer.Target.Way);
            json.WriteBoolean("service", transfer.Target.IsService);
            SummaryJson.Number(json, "target_threshold", transfer.Target.Threshold);
            json.WriteString("attack", transfer.Attack);
            json.WriteString("goal", LedgerRows.Name(transfer.Goal));
            SummaryJson.Setting(json, transfer.Source);
            json.WriteNumber("pairs", transfer.Pairs);
            json.WriteNumber("clean_errors_count", transfer.CleanErrors.Count);
            SummaryJson.Share(json, "clean_errors", transfer.CleanErrors);
            json.WriteNumber("images", transfer.Images);
            json.WriteNumber("images_missing", transfer.Missing);
            json.WriteNumber("no_face", transfer.NoFace);
            json.WriteNumber("refused", transfer.Refused);
            json.WriteNumber("success_count", transfer.Success.Count);
            json.WriteNumber("success_of", transfer.Success.Of);
            SummaryJson.Share(json, "success", transfer.Success);
            SummaryJson.Statistic(json, "clean_confidence", transfer.Clean);
            SummaryJson.Statistic(json, "confidence", transfer.Confidence);
            SummaryJson.Statistic(json, "confidence_drop", transfer.Drop);
            SummaryJson.Statistic(json, "confidence_of_all_pairs", transfer.ConfidenceOfAll);
            SummaryJson.Number(json, "mean_l2", transfer.MeanL2);
        });
    }
}
