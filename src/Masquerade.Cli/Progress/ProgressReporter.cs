using Spectre.Console;

namespace Masquerade.Cli.Progress;

/// <summary>
/// Tells how far work is, on standard error: a bar with the time left on a terminal, now and then a line elsewhere. Report from any thread.
/// </summary>
internal abstract class ProgressReporter
{
    /// <summary>Tells how much is done.</summary>
    /// <param name="done">In any unit, from 0 to <paramref name="total"/>.</param>
    /// <param name="total">The whole, in the same unit.</param>
    /// <param name="doing">What is being done, where that changes.</param>
    public abstract void Report(double done, double total, string? doing = null);

    /// <summary>Prints a line that stays.</summary>
    public abstract void Say(string line);

    /// <summary>Does work on a thread of its own while showing its progress.</summary>
    /// <param name="host">Where to show it.</param>
    /// <param name="description">What is being done.</param>
    /// <param name="work">The work; given the reporter.</param>
    public static Task<T> RunAsync<T>(CommandHost host, string description, Func<ProgressReporter, T> work) =>
        RunAsync(host, description, progress => Task.FromResult(work(progress)));

    /// <inheritdoc cref="RunAsync{T}(CommandHost, string, Func{ProgressReporter, T})"/>
    public static async Task<T> RunAsync<T>(CommandHost host, string description, Func<ProgressReporter, Task<T>> work)
    {
        if (host.Terminal is not { } terminal) return await Task.Run(() => work(new LineProgress(host.Error, host.Clock, description)));
        return await terminal.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var bar = new BarProgress(terminal, context.AddTask(Markup.Escape(description)));
                return await Task.Run(() => work(bar));
            });
    }

    private sealed class BarProgress(IAnsiConsole terminal, ProgressTask task) : ProgressReporter
    {
        public override void Report(double done, double total, string? doing = null)
        {
            if (doing is not null) task.Description = Markup.Escape(doing);
            task.MaxValue = total;
            task.Value = done;
        }

        public override void Say(string line) => terminal.WriteLine(line);
    }
}
