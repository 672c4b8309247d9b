using Google.Protobuf;
using Masquerade.Networks.Onnx.Format;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Masquerade.Networks.Onnx;

/// <summary>
/// A network of one float input and any outputs on ONNX Runtime, for inputs whose sizes change. Loads no libtorch. Safe to call from
/// several threads.
/// </summary>
internal sealed class OnnxSession : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly string[] _inputs;
    private readonly string[] _outputs;

    /// <param name="model">The network.</param>
    /// <param name="threads">Threads of one pass.</param>
    /// <param name="source">File name, for messages.</param>
    /// <exception cref="InputException">ONNX Runtime refuses the network.</exception>
    public OnnxSession(ModelProto model, int threads, string source)
    {
        using var options = Options(threads);
        try
        {
            _session = new InferenceSession(model.ToByteArray(), options);
        }
        catch (OnnxRuntimeException e)
        {
            throw new InputException($"{source}: ONNX Runtime cannot run this network: {InputFile.OneLine(e.Message).Trim()}", e);
        }
        _inputs = [.. OnnxModelFile.Inputs(model).Select(i => i.Name)];
        _outputs = [.. model.Graph.Output.Select(o => o.Name)];
    }

    /// <summary>What sessions here have in common.</summary>
    /// <param name="threads">Threads of one pass.</param>
    public static SessionOptions Options(int threads) => new()
    {
        IntraOpNumThreads = threads,
        InterOpNumThreads = 1,
        ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
        GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
        // Batches shrink as pairs finish: a memory plan for each size would only grow, and is no faster.
        EnableMemoryPattern = false,
        LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
    };

    /// <summary>Runs the network on native memory, into native memory.</summary>
    /// <param name="input">Address of the input's values, the last dimension running fastest; valid during the call.</param>
    /// <param name="output">Address of room for the only output's values, valid during the call.</param>
    /// <param name="shape">Dimensions of both.</param>
    /// <exception cref="OnnxRuntimeException">The network cannot run on this shape, or its output is of another.</exception>
    public void Run(nint input, nint output, params long[] shape)
    {
        var bytes = shape.Aggregate(1L, (product, size) => product * size) * sizeof(float);
        using var from = Values(input, shape, bytes);
        using var to = Values(output, shape, bytes);
        _session.Run(_run, _inputs, [from], _outputs, [to]);
    }

    private static OrtValue Values(nint address, long[] shape, long bytes) =>
        OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, TensorElementType.Float, shape, address, bytes);

    /// <summary>Runs the network.</summary>
    /// <param name="input">The input's values, the last dimension running fastest.</param>
    /// <param name="shape">Its dimensions.</param>
    /// <returns>The outputs in the order of the graph; the caller's to dispose.</returns>
    public unsafe IDisposableReadOnlyCollection<OrtValue> Run(ReadOnlyMemory<float> input, params long[] shape)
    {
        using var pin = input.Pin();
        using var value = Values((nint)pin.Pointer, shape, (long)input.Length * sizeof(float));
        return _session.Run(_run, _inputs, [value], _outputs);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _run.Dispose();
        _session.Dispose();
    }
}
