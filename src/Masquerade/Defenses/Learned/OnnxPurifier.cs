using System.Collections.Concurrent;
using System.Numerics.Tensors;
using Masquerade.Imaging;
using Masquerade.Networks;
using Masquerade.Networks.Onnx;
using Microsoft.ML.OnnxRuntime;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Masquerade.Defenses.Learned;

/// <summary>
/// An ONNX network from images to images, as a purifier: one input and one output, float32 [N,3,H,W], RGB, values in [0,1], of the same
/// size. ONNX Runtime cleans; gradients are TorchSharp's, and the two have to agree on a probe batch. A network with an operator that cannot
/// be imported is passed straight through. What it gives is clipped to [0,1].
/// </summary>
public sealed record OnnxPurifier : Purifier
{
    /// <summary>Largest difference of two engines' values that is still called agreement.</summary>
    public const float Tolerance = 1e-3f;

    // Memory for activations grows with the batch; speed no longer does.
    private const int LargestBatch = 32;

    // The crops that face networks take: a network for free sizes may ask for a multiple of some number.
    private static readonly ImageSize[] UsualSizes = [new(112, 112), new(160, 160)];

    private readonly OnnxSession _session;
    private readonly OnnxTorchNetwork? _gradient;
    private readonly ImageToImageForm _form;
    private readonly ConcurrentDictionary<ImageSize, bool> _batches = new();

    private OnnxPurifier(string name, ImageToImageForm form, OnnxSession session, OnnxTorchNetwork? gradient) =>
        (Name, _form, _session, _gradient) = (name, form, session, gradient);

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override PurifierGradient Gradient => _gradient is null ? PurifierGradient.StraightThrough : PurifierGradient.Exact;

    /// <summary>Why it is passed straight through; null where its gradient is exact.</summary>
    public string? NotDifferentiable { get; private init; }

    /// <summary>Opens a network.</summary>
    /// <param name="path">The ONNX file.</param>
    /// <param name="name">The purifier's name.</param>
    /// <param name="threads">Threads of a pass; 0 for one a core.</param>
    /// <exception cref="InputException">
    /// The file cannot be read or run, takes or gives something else than images, changes their size, gives no numbers, or the engines
    /// disagree.
    /// </exception>
    public static OnnxPurifier Open(string path, string name, int threads)
    {
        var model = OnnxModelFile.Read(path);
        var form = ImageToImageForm.Of(model, path);
        var session = new OnnxSession(model, threads > 0 ? threads : Environment.ProcessorCount, path);
        OnnxTorchNetwork? gradient = null;
        string? problem = null;
        try
        {
            try
            {
                gradient = OnnxTorchNetwork.Import(model, path);
            }
            catch (OperatorNotSupportedException e)
            {
                problem = e.Message;
            }
            var purifier = new OnnxPurifier(name, form, session, gradient) { NotDifferentiable = problem };
            purifier.TryOut();
            return purifier;
        }
        catch
        {
            gradient?.Dispose();
            session.Dispose();
            throw;
        }
    }

    /// <summary>Whether images of a size go through in batches; else one at a time.</summary>
    /// <exception cref="InputException">The network cannot take images of this size.</exception>
    public bool RunsInBatches(ImageSize size) => _batches.GetOrAdd(size, Try);

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        var from = images.detach().to_type(ScalarType.Float32).contiguous();
        var to = empty(from.shape, ScalarType.Float32);
        var (count, size) = ((int)from.shape[0], SizeOf(from));
        var step = RunsInBatches(size) ? LargestBatch : 1;
        for (var done = 0; done < count; done += step)
        {
            var offset = (nint)done * size.Values * sizeof(float);
            _session.Run(from.Address() + offset, to.Address() + offset, Math.Min(step, count - done), 3, size.Height, size.Width);
        }
        return count == 0 || to.isfinite().all().item<bool>() ? to.MoveToOuterDisposeScope() : throw NoNumbers();
    }

    /// <inheritdoc/>
    protected override Tensor ApplyForGradient(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (_gradient is null) return base.ApplyForGradient(images, draws);
        // What cannot be cleaned in batches cannot be differentiated in batches either.
        if (RunsInBatches(SizeOf(images)) || images.shape[0] == 1) return _gradient.Forward(images);
        using var scope = NewDisposeScope();
        return cat([.. images.split(1).Select(_gradient.Forward)]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _session.Dispose();
        _gradient?.Dispose();
    }

    private static ImageSize SizeOf(Tensor images) => new((int)images.shape[3], (int)images.shape[2]);

    /// <summary>Runs it on a size that it takes, and compares the engines there.</summary>
    private void TryOut()
    {
        ImageSize[] sizes = [.. UsualSizes.Select(_form.Nearest).Distinct()];
        InputException? problem = null;
        foreach (var size in sizes)
        {
            try
            {
                _ = RunsInBatches(size);
                Compare(size);
                return;
            }
            catch (InputException e)
            {
                problem ??= e;
            }
        }
        throw problem!;
    }

    /// <summary>One image shows whether the size is kept; two, whether the network works in batches.</summary>
    private bool Try(ImageSize size)
    {
        _form.Require(size);
        var probe = ProbeImages.Create(size, 2);
        float[][] single = [Values(probe.AsMemory(0, size.Values), 1, size), Values(probe.AsMemory(size.Values), 1, size)];
        if (_form.OneAtATime) return false;
        try
        {
            var both = Values(probe, 2, size);
            var scale = MathF.Max(1, MathF.Abs(TensorPrimitives.MaxMagnitude<float>(both)));
            return TensorPrimitives.Distance<float>(both, [.. single[0], .. single[1]]) <= Tolerance * scale * MathF.Sqrt(both.Length);
        }
        catch (InputException)
        {
            // A shape deep in the network is fixed to one image: that is the answer.
            return false;
        }
    }

    private float[] Values(ReadOnlyMemory<float> images, int count, ImageSize size)
    {
        long[] shape = [count, 3, size.Height, size.Width];
        try
        {
            using var result = _session.Run(images, shape);
            var made = result[0].GetTensorTypeAndShape();
            if (!made.Shape.SequenceEqual(shape))
            {
                throw new InputException($"{_form.Source}: makes [{string.Join(',', made.Shape)}] of images of "
                    + $"[{string.Join(',', shape)}]; a purifier keeps the size of its images: name another network");
            }
            var values = result[0].GetTensorDataAsSpan<float>().ToArray();
            return Array.TrueForAll(values, float.IsFinite) ? values : throw NoNumbers();
        }
        catch (OnnxRuntimeException e)
        {
            throw new InputException($"{_form.Source}: cannot run on images of {size}: {InputFile.OneLine(e.Message).Trim()}; "
                + "export it with free height and width", e);
        }
    }

    private void Compare(ImageSize size)
    {
        if (_gradient is null) return;
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var images = tensor(ProbeImages.Create(size, 2), [2, 3, size.Height, size.Width]);
        var difference = (ApplyForGradient(images, []) - Apply(images, [])).abs().max().item<float>();
        if (!(difference <= Tolerance))
        {
            throw new InputException($"{_form.Source}: ONNX Runtime and TorchSharp disagree by {difference:G3} on a probe batch "
                + $"(at most {Tolerance:G1}); please report this network");
        }
    }

    private InputException NoNumbers() => new($"{_form.Source}: gives NaN or infinite values; its weights are damaged, or it wants other "
        + "inputs than RGB values in [0,1]: name another network");
}
