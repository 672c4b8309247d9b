using System.Text;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting.Csv;
using Masquerade.Evaluation.Reporting.Figures;
using Masquerade.Evaluation.Reporting.Html;
using Masquerade.Evaluation.Reporting.Json;
using Masquerade.Evaluation.Reporting.Markdown;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Reporting;

/// <summary>Writes what people and programs read of a run, finished or not.</summary>
public static class RunExporter
{
    /// <summary>
    /// Writes <c>results.csv</c>, <c>summary.json</c>, <c>table.md</c>, <c>figures/*.png</c> and <c>report.html</c>. Each file appears
    /// whole or not at all, in place of an earlier one; equal results give equal files. Figures of an earlier export that no longer belong
    /// are removed.
    /// </summary>
    /// <param name="results">The run.</param>
    /// <param name="folder">Where to; made if it is not there.</param>
    /// <returns>The numbers that were written.</returns>
    /// <exception cref="InputException">The folder cannot be written to: read-only, disk full.</exception>
    public static RunSummary Export(IRunResults results, string folder)
    {
        ArgumentNullException.ThrowIfNull(results);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var summary = RunSummary.Of(results);
        var pictures = ReportPictures.Draw(summary, results);
        var figures = Path.Combine(folder, "figures");
        MakeFolder(figures);
        ResultsCsv.Write(Path.Combine(folder, "results.csv"), summary.Rows, summary.TransferLines);
        SummaryJson.Write(Path.Combine(folder, "summary.json"), summary);
        OutputFile.Write(Path.Combine(folder, "table.md"), Encoding.UTF8.GetBytes(MarkdownReport.Write(summary)));
        foreach (var (file, png) in pictures.Files) OutputFile.Write(Path.Combine(figures, file), png);
        RemoveStale(figures, pictures);
        OutputFile.Write(Path.Combine(folder, "report.html"), Encoding.UTF8.GetBytes(HtmlReport.Write(summary, pictures)));
        return summary;
    }

    private static void MakeFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be made ({InputFile.OneLine(e.Message)}); choose another place", e);
        }
    }

    private static void RemoveStale(string figures, ReportPictures pictures)
    {
        var written = pictures.Files.Select(f => f.File).ToHashSet(StringComparer.Ordinal);
        try
        {
            foreach (var path in Directory.EnumerateFiles(figures, "*.png").ToList())
            {
                var name = Path.GetFileName(path);
                if (ReportPictures.IsOurs(name) && !written.Contains(name)) File.Delete(path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{figures}: figures of an earlier export cannot be removed ({InputFile.OneLine(e.Message)})", e);
        }
    }
}
