using System.Diagnostics;
using Masquerade.Detection;
using Masquerade.Evaluation.Experiments;
using Masquerade.Imaging;
using Masquerade.Networks;
using static TorchSharp.torch;

namespace Masquerade.Evaluation.Runs;

/// <summary>What a run would cost, from a short timing of its models and what attacks typically need.</summary>
/// <param name="Forwards">Images through the forward engine.</param>
/// <param name="Backwards">Images differentiated.</param>
/// <param name="Seconds">Time on this machine.</param>
/// <param name="Bytes">Size of the run folder.</param>
public sealed record RunForecast(double Forwards, double Backwards, double Seconds, double Bytes)
{
    // Measured: a float perturbation deflates to about 2.8 bytes a value, noise to 3.3, an 8-bit image or a crop to about 0.6.
    private const double BytesOfFloatValue = 3;
    private const double BytesOfStoredValue = 0.6;
    private const double BytesOfRow = 700;
    private const int ExamplesKept = 6;
    private const int TimedImages = 8;

    /// <summary>Forecasts a plan; runs each model on a few images to time it.</summary>
    public static RunForecast Of(ExperimentPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        set_num_threads(plan.Experiment.Threads);
        double forwards = 0, backwards = 0, seconds = 0, bytes = 0;
        var pairs = plan.Pairs.Count - plan.Missing.Count;
        foreach (var model in plan.Models)
        {
            var times = new Dictionary<string, (double Forward, double Gradient)>(StringComparer.Ordinal);
            foreach (var verifier in plan.Defenses.Select(d => d.Name).Prepend("").Select(d => plan.Verifier(model, d)))
                times[verifier.Defense] = Time(verifier, model.Crops.Size);
            seconds += 2 * plan.CleanPairs.Count * times.Values.Sum(t => t.Forward);
            var values = model.Crops.Size.Values;
            var kept = plan.Experiment.KeepImages == KeepImages.Examples ? Math.Min(pairs, ExamplesKept) : pairs;
            bytes += 2.0 * kept * values * BytesOfStoredValue;
            foreach (var cell in plan.Cells.Where(c => c.Model == model.Name))
            {
                var (attack, time) = (plan.AttackOf(cell), times[cell.Defense]);
                bytes += pairs * BytesOfRow;
                if (cell.Knowledge == KnowledgeNames.Zero)
                {
                    // Images that are there already are looked at once.
                    seconds += pairs * time.Forward;
                    continue;
                }
                var samples = plan.Verifier(model, cell.Defense).Samples;
                forwards += pairs * attack.TypicalForwards * samples;
                backwards += pairs * attack.TypicalBackwards * samples;
                seconds += pairs * samples * (attack.TypicalForwards * time.Forward + attack.TypicalBackwards * time.Gradient);
                bytes += kept * values * (cell.Storage == StorageNames.Float ? BytesOfFloatValue : BytesOfStoredValue);
            }
        }
        return new RunForecast(forwards, backwards, seconds, bytes);
    }

    private static (double Forward, double Gradient) Time(DefendedVerifier verifier, ImageSize size)
    {
        using var scope = NewDisposeScope();
        var images = tensor(ProbeImages.Create(size, TimedImages), [TimedImages, 3, size.Height, size.Width]);
        double Seconds(Action work)
        {
            work();
            var clock = Stopwatch.StartNew();
            work();
            return clock.Elapsed.TotalSeconds / TimedImages;
        }

        var forward = Seconds(() => verifier.Embed(images));
        if (!verifier.IsDifferentiable) return (forward, 0);
        return (forward, Seconds(() =>
        {
            var input = images.detach().requires_grad_(true);
            autograd.grad([verifier.EmbedForGradient(input).sum()], [input]);
        }));
    }
}
