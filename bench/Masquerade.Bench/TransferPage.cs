using Masquerade.Evaluation.Statistics;

namespace Masquerade.Bench;

internal static class TransferPage
{
    public static string Write(RunSummary run) => Reporting.TransferText.Markdown(run, figures: null);
}
