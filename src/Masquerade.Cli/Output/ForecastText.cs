using System.Globalization;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Runs;

namespace Masquerade.Cli.Output;

/// <summary>What a dry run prints.</summary>
internal static class ForecastText
{
    /// <summary>What a plan would do and cost.</summary>
    /// <param name="host">Where to print it.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="painted">Bytes of photographs that would be painted for it.</param>
    public static void Print(CommandHost host, ExperimentPlan plan, long painted)
    {
        var forecast = RunForecast.Of(plan);
        host.Output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"pairs        {plan.Pairs.Count} ({plan.Pairs.Count(p => p.SamePerson)} anonymization, "
            + $"{plan.Pairs.Count(p => !p.SamePerson)} impersonation), {plan.Missing.Count} skipped"));
        foreach (var group in plan.Cells.GroupBy(c => (c.Model, c.Storage)))
            host.Output.WriteLine(
                $"attacks      {string.Join(", ", group.Select(c => $"{c.Family}/{c.Attack}"))} on {group.Key.Model}, {group.Key.Storage}");
        host.Output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"model calls  about {forecast.Forwards:N0} forward, {forecast.Backwards:N0} gradient"));
        host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"time         about {forecast.Seconds / 60:0.#} minutes here"));
        host.Output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"disk         about {(forecast.Bytes + painted) / 1e6:0.#} MB"));
    }
}
