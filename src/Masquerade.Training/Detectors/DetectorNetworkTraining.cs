using System.Text.Json;
using Masquerade.Alignment;
using Masquerade.Detection;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training.Detectors;

/// <summary>
/// Trains the network of a detector on adversarial images, every attack as often as every other, each beside the clean face that it was
/// made of: what differs is the attack alone. It goes on from its checkpoint after an interruption, to the same weights.
/// </summary>
internal sealed class DetectorNetworkTraining(DetectorTrainingSettings settings, AdversarialSet set, DetectorInput input, string checkpoint)
{
    private const double WarmUp = 0.05;
    private static readonly TimeSpan BetweenCheckpoints = TimeSpan.FromMinutes(1);

    private enum Purpose : ulong { Attack = 11, Adversarial, Flip }

    private int Half => settings.Batch / 2;

    private int StepsPerEpoch => Math.Max(1, set.Count(AdversarialSet.Clean) / Half);

    /// <summary>Trains to the end.</summary>
    /// <param name="progress">Told the steps done, all of them, and the last loss.</param>
    /// <param name="cancellation">Writes a checkpoint and ends.</param>
    /// <returns>The network, the caller's.</returns>
    /// <exception cref="InputException">The loss diverged, or a file cannot be written.</exception>
    public DetectorNetwork Train(Action<long, long, double?> progress, CancellationToken cancellation)
    {
        var network = new DetectorNetwork((ulong)settings.Seed);
        // What is trained is disposed of with its state; what is handed out is a copy.
        using var state = new TrainingState(network, DetectorNetwork.Architecture, new Adam());
        if (File.Exists(checkpoint)) state.Read(checkpoint);
        var (steps, since) = ((long)StepsPerEpoch * settings.Epochs, System.Diagnostics.Stopwatch.StartNew());
        progress(state.Step, steps, null);
        while (state.Step < steps)
        {
            if (cancellation.IsCancellationRequested)
            {
                Save(state);
                cancellation.ThrowIfCancellationRequested();
            }
            var loss = Learn(network, state, state.Step / (double)steps);
            state.Step++;
            if (since.Elapsed > BetweenCheckpoints || state.Step == steps)
            {
                Save(state);
                since.Restart();
            }
            progress(state.Step, steps, loss);
        }
        return Copy(network);
    }

    private double Learn(DetectorNetwork network, TrainingState state, double share)
    {
        using var scope = NewDisposeScope();
        network.train();
        var images = Batch(state.Step);
        using (no_grad()) images = input.Of(images);
        var labels = cat([zeros(Half), ones(Half)]).unsqueeze(1);
        var loss = nn.functional.binary_cross_entropy_with_logits(network.forward(images), labels);
        var rate = settings.LearningRate * (share < WarmUp ? (share + 1e-3) / (WarmUp + 1e-3)
            : (1 + Math.Cos(Math.PI * (share - WarmUp) / (1 - WarmUp))) / 2);
        var value = state.Descend(loss, rate);
        return double.IsFinite(value) ? value
            : throw new InputException($"the loss is {value} at step {state.Step + 1}: the training diverged; begin anew with a lower --learning-rate");
    }

    /// <summary>The images of a step, the same whenever it is asked for: clean faces, then the adversarial images of them.</summary>
    private Tensor Batch(long step)
    {
        var size = set.Size;
        var values = new float[settings.Batch * size.Values];
        string[] attacks = [.. settings.Attacks.Select(a => a.Name).Where(a => set.Count(a) > 0)];
        TorchWorkers.Run(Half, i =>
        {
            ulong Draw(Purpose purpose) => SplitMix.For((ulong)settings.Seed, (ulong)step, (ulong)i, (ulong)purpose).Next();
            var attack = attacks[Draw(Purpose.Attack) % (ulong)attacks.Length];
            var at = (int)(Draw(Purpose.Adversarial) % (ulong)set.Count(attack));
            var mirrored = Draw(Purpose.Flip) % 2 == 1;
            Read(AdversarialSet.Clean, set.Face(attack, at), i);
            Read(attack, at, Half + i);

            void Read(string source, int from, int to)
            {
                var image = values.AsSpan(to * size.Values, size.Values);
                set.Read(source, from, image);
                if (!mirrored) return;
                for (var row = 0; row < image.Length; row += size.Width) image.Slice(row, size.Width).Reverse();
            }
        });
        return tensor(values, [settings.Batch, 3, size.Height, size.Width]);
    }

    private void Save(TrainingState state) => state.Write(checkpoint, JsonSerializer.SerializeToUtf8Bytes(new { settings.Kind, state.Step }));

    private static DetectorNetwork Copy(DetectorNetwork network)
    {
        using var inference = no_grad();
        var copy = new DetectorNetwork(0);
        var values = network.state_dict();
        foreach (var (name, value) in copy.state_dict()) value.copy_(values[name]);
        copy.eval();
        return copy;
    }
}
