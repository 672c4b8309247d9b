using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Progress;
using Masquerade.Evaluation.Datasets.Synthetic;

namespace Masquerade.Cli.Commands;

/// <summary>Paints synthetic people while showing how far it is.</summary>
internal static class Painting
{
    /// <param name="host">Where progress is shown.</param>
    /// <param name="people">Whom to paint.</param>
    /// <param name="path">A folder that is empty or not there yet.</param>
    /// <param name="threads">As the user has them; 0 for one a core.</param>
    /// <param name="cancellation">Stops it; what is written stays.</param>
    public static Task RunAsync(CommandHost host, SyntheticFolder people, string path, int threads, CancellationToken cancellation) =>
        ProgressReporter.RunAsync(host, "painting synthetic people", progress =>
        {
            people.Write(path, CommonOptions.ThreadCount(threads), (done, total) => progress.Report(done, total), cancellation);
            return 0;
        });
}
