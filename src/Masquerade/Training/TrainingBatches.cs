using Masquerade.Datasets;
using static TorchSharp.torch;

namespace Masquerade.Training;

/// <summary>
/// The batches of a training: every epoch all crops in another order, each changed in another way. Batch n is the same whenever and however
/// often it is asked for. Batches are made ahead, on another thread.
/// </summary>
internal sealed class TrainingBatches(TrainingFaces faces, int batch, ulong seed)
{
    private enum Purpose : ulong { Order = 1, Change }

    private readonly int _values = VerifierNetwork.InputSize.Values;
    private int[] _order = [];
    private long _orderOf = -1;
    private Task<(float[] Images, long[] People)>? _next;
    private long _nextStep = -1;

    /// <summary>Steps in an epoch; what does not fill a batch waits for the next epoch's order.</summary>
    public int StepsPerEpoch => Math.Max(1, faces.Count / batch);

    /// <summary>The batch of a step.</summary>
    /// <returns>float32 [n,3,112,112] in [0,1] and int64 [n], owned by the caller's scope.</returns>
    public (Tensor Images, Tensor People) At(long step)
    {
        var (images, people) = (_nextStep == step && _next is not null ? _next : Make(step)).GetAwaiter().GetResult();
        _nextStep = step + 1;
        _next = Make(_nextStep);
        var size = VerifierNetwork.InputSize;
        return (tensor(images, [people.Length, 3, size.Height, size.Width]), tensor(people));
    }

    private Task<(float[] Images, long[] People)> Make(long step)
    {
        var epoch = step / StepsPerEpoch;
        if (epoch != _orderOf) (_order, _orderOf) = (Order(epoch), epoch);
        var chosen = _order.AsSpan((int)(step % StepsPerEpoch) * batch).ToArray();
        if (chosen.Length > batch) chosen = chosen[..batch];
        return Task.Run(() =>
        {
            var images = new float[chosen.Length * _values];
            for (var i = 0; i < chosen.Length; i++)
            {
                var random = SplitMix.For(seed, (ulong)epoch, (ulong)chosen[i], (ulong)Purpose.Change);
                CropAugmentation.Write(faces.Crop(chosen[i]), random, images.AsSpan(i * _values, _values));
            }
            return (images, chosen.Select(i => (long)faces.Person(i)).ToArray());
        });
    }

    private int[] Order(long epoch)
    {
        var random = SplitMix.For(seed, (ulong)epoch, (ulong)Purpose.Order);
        int[] order = [.. Enumerable.Range(0, faces.Count)];
        for (var i = order.Length - 1; i > 0; i--)
        {
            var other = (int)random.Below(i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }
        return order;
    }
}
