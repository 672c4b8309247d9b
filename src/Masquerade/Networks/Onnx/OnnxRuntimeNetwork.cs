using System.Numerics.Tensors;
using Google.Protobuf;
using Masquerade.Imaging;
using Masquerade.Networks.Onnx.Format;
using Masquerade.Networks.Onnx.Preparation;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Masquerade.Networks.Onnx;

/// <summary>A prepared network on ONNX Runtime: the forward engine. Loads no libtorch. Safe to call from several threads.</summary>
internal sealed class OnnxRuntimeNetwork : IDisposable
{
    // Memory for activations grows with the batch; speed no longer does.
    private const int LargestBatch = 32;
    private const float BatchTolerance = 1e-3f;

    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly string[] _inputs = [OnnxPreparation.InputName];
    private readonly string[] _outputs;
    private readonly string _source;
    private readonly ImageSize _size;
    private int _largestBatch;

    private OnnxRuntimeNetwork(InferenceSession session, string source, ImageSize size)
    {
        _session = session;
        _source = source;
        _size = size;
        _outputs = [session.OutputMetadata.Keys.First()];
    }

    /// <summary>Values of the output for one image.</summary>
    public int OutputSize { get; private set; }

    /// <summary>Whether the network runs in batches; else images go through one at a time.</summary>
    public bool RunsInBatches => _largestBatch > 1;

    /// <summary>Creates the session and tries the network on a probe batch.</summary>
    /// <param name="prepared">What <see cref="OnnxPreparation"/> made.</param>
    /// <param name="size">Crop size.</param>
    /// <param name="threads">Threads of one forward pass.</param>
    /// <param name="source">File name, for messages.</param>
    /// <exception cref="InputException">ONNX Runtime refuses the network, or its output is not finite.</exception>
    public static OnnxRuntimeNetwork Create(ModelProto prepared, ImageSize size, int threads, string source)
    {
        using var options = OnnxSession.Options(threads);
        try
        {
            var network = new OnnxRuntimeNetwork(new InferenceSession(prepared.ToByteArray(), options), source, size);
            try
            {
                network.TryOut();
                return network;
            }
            catch
            {
                network.Dispose();
                throw;
            }
        }
        catch (OnnxRuntimeException e)
        {
            throw new InputException($"{source}: ONNX Runtime cannot run this network: {Line(e.Message)}", e);
        }
    }

    /// <summary>Runs images in managed memory.</summary>
    /// <param name="images">count × 3 × H × W values in [0,1].</param>
    /// <param name="count">How many images.</param>
    /// <param name="output">Receives count × <see cref="OutputSize"/> values.</param>
    public unsafe void Run(ReadOnlyMemory<float> images, int count, Span<float> output)
    {
        using var pin = images.Pin();
        Run((nint)pin.Pointer, count, output);
    }

    /// <summary>Runs images in native memory.</summary>
    /// <param name="images">Address of count × 3 × H × W contiguous values, valid during the call.</param>
    /// <param name="count">How many images.</param>
    /// <param name="output">Receives count × <see cref="OutputSize"/> values.</param>
    /// <exception cref="InputException">The network cannot be run on these images, or mixes them.</exception>
    public void Run(nint images, int count, Span<float> output)
    {
        for (var done = 0; done < count;)
        {
            var batch = Math.Min(_largestBatch, count - done);
            RunBatch(images + (nint)done * _size.Values * sizeof(float), batch, output.Slice(done * OutputSize, batch * OutputSize));
            done += batch;
        }
    }

    private void RunBatch(nint images, int count, Span<float> output)
    {
        using var result = RunChecked(images, count);
        var values = result[0].GetTensorDataAsSpan<float>();
        if (values.Length != output.Length)
            throw new InputException(
                $"{_source}: {values.Length} output values for {count} images, expected {output.Length}; "
                + "the network mixes its images");
        values.CopyTo(output);
    }

    private IDisposableReadOnlyCollection<OrtValue> RunChecked(nint images, int count)
    {
        try
        {
            return RunRaw(images, count);
        }
        catch (OnnxRuntimeException e)
        {
            throw new InputException($"{_source}: ONNX Runtime cannot run this network on {count} of the images: {Line(e.Message)}", e);
        }
    }

    private IDisposableReadOnlyCollection<OrtValue> RunRaw(nint images, int count)
    {
        long[] shape = [count, 3, _size.Height, _size.Width];
        using var input = OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, TensorElementType.Float, shape, images, (long)count * _size.Values * sizeof(float));
        return _session.Run(_run, _inputs, [input], _outputs);
    }

    /// <summary>One image gives the output's size; two show whether the network works in batches.</summary>
    private unsafe void TryOut()
    {
        var probe = ProbeImages.Create(_size, 2);
        using var pin = probe.AsMemory().Pin();
        var address = (nint)pin.Pointer;
        var single = new float[2][];
        for (var i = 0; i < 2; i++)
        {
            using var result = RunRaw(address + i * _size.Values * sizeof(float), 1);
            single[i] = result[0].GetTensorDataAsSpan<float>().ToArray();
            foreach (var value in single[i])
                if (!float.IsFinite(value))
                    throw new InputException(
                        $"{_source}: the network's output is not finite; its weights are damaged or its input settings are wrong");
        }
        OutputSize = single[0].Length;
        _largestBatch = WorksInBatches(address, single) ? LargestBatch : 1;
    }

    private bool WorksInBatches(nint address, float[][] single)
    {
        try
        {
            using var result = RunRaw(address, 2);
            var both = result[0].GetTensorDataAsSpan<float>();
            if (both.Length != 2 * OutputSize) return false;
            var scale = MathF.Max(1e-6f, TensorPrimitives.MaxMagnitude<float>(both));
            for (var i = 0; i < 2; i++)
            {
                var part = both.Slice(i * OutputSize, OutputSize);
                for (var k = 0; k < OutputSize; k++)
                    if (!(MathF.Abs(part[k] - single[i][k]) <= BatchTolerance * MathF.Abs(scale))) return false;
            }
            return true;
        }
        catch (OnnxRuntimeException)
        {
            // A shape deep in the network is fixed to one image: that is the answer.
            return false;
        }
    }

    private static string Line(string text) => text.Replace('\n', ' ').Replace('\r', ' ').Trim();

    /// <inheritdoc/>
    public void Dispose()
    {
        _run.Dispose();
        _session.Dispose();
    }
}
