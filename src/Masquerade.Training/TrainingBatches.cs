using System.Runtime.InteropServices;
using Masquerade.Imaging;
using static TorchSharp.torch;

namespace Masquerade.Training;

/// <summary>Writes a crop, changed in some way, as planar floats in [0,1].</summary>
/// <param name="crop">The crop.</param>
/// <param name="random">Chooses the change.</param>
/// <param name="planar">3 × height × width values of the size that is learned from.</param>
internal delegate void CropChange(FaceImage crop, SplitMix random, Span<float> planar);

/// <summary>
/// The batches of a training: every epoch all crops in another order, each changed in another way. Batch n is the same whenever and however
/// often it is asked for. Batches are made ahead, on another thread.
/// </summary>
/// <param name="faces">The crops.</param>
/// <param name="size">Size of a changed crop.</param>
/// <param name="change">Changes one.</param>
/// <param name="batch">How many a batch.</param>
/// <param name="seed">Another number, another order and other changes.</param>
internal sealed class TrainingBatches(TrainingFaces faces, ImageSize size, CropChange change, int batch, ulong seed)
{
    private enum Purpose : ulong { Order = 1, Change }

    private int[] _order = [];
    private long _orderOf = -1;
    // Two batches' room, used in turn: one is learned while the other is made.
    private readonly float[][] _room = [new float[batch * size.Values], new float[batch * size.Values]];
    private Task<long[]>? _next;
    private long _nextStep = -1;

    /// <summary>Steps in an epoch; what does not fill a batch waits for the next epoch's order.</summary>
    public int StepsPerEpoch => Math.Max(1, faces.Count / batch);

    /// <summary>The batch of a step.</summary>
    /// <returns>float32 [n,3,H,W] in [0,1] and int64 [n], owned by the caller's scope.</returns>
    public (Tensor Images, Tensor People) At(long step)
    {
        if (_nextStep != step || _next is null)
        {
            _next?.Wait();
            _next = Make(step);
        }
        var people = _next.GetAwaiter().GetResult();
        var images = empty([people.Length, 3, size.Height, size.Width], float32);
        MemoryMarshal.AsBytes(_room[step % 2].AsSpan(0, people.Length * size.Values)).CopyTo(images.bytes);
        _nextStep = step + 1;
        _next = Make(_nextStep);
        return (images, tensor(people));
    }

    private Task<long[]> Make(long step)
    {
        var epoch = step / StepsPerEpoch;
        if (epoch != _orderOf) (_order, _orderOf) = (Order(epoch), epoch);
        int[] chosen = [.. _order.Skip((int)(step % StepsPerEpoch) * batch).Take(batch)];
        var room = _room[step % 2];
        return Task.Run(() =>
        {
            for (var i = 0; i < chosen.Length; i++)
            {
                var random = SplitMix.For(seed, (ulong)epoch, (ulong)chosen[i], (ulong)Purpose.Change);
                change(faces.Crop(chosen[i]), random, room.AsSpan(i * size.Values, size.Values));
            }
            return chosen.Select(i => (long)faces.Person(i)).ToArray();
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
