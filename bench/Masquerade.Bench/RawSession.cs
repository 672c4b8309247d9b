using Google.Protobuf;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Masquerade.Bench;

/// <summary>
/// ONNX Runtime with nothing of ours around it: the network file as it is but for the declared batch size, fed pixels that are normalised
/// already. What everything else is measured against.
/// </summary>
internal sealed class RawSession : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly string[] _input;
    private readonly string[] _output;
    private readonly ImageSize _size;

    public RawSession(ModelDescriptor descriptor, int threads)
    {
        var model = OnnxModelFile.Read(descriptor.File);
        var weights = model.Graph.Initializer.Select(w => w.Name).ToHashSet();
        var input = model.Graph.Input.First(i => !weights.Contains(i.Name));
        input.Type.TensorType.Shape.Dim[0] = new TensorShapeProto.Types.Dimension { DimParam = "batch" };
        foreach (var output in model.Graph.Output) output.Type.TensorType.Shape = null;
        model.Graph.ValueInfo.Clear();
        using var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        _session = new InferenceSession(model.ToByteArray(), options);
        _input = [input.Name];
        _output = [_session.OutputMetadata.Keys.First()];
        _size = descriptor.InputSize;
    }

    /// <summary>Runs a batch and drops what comes out.</summary>
    /// <param name="pixels">count × 3 × H × W values, normalised.</param>
    /// <param name="count">How many images.</param>
    public unsafe void Run(ReadOnlyMemory<float> pixels, int count)
    {
        using var pin = pixels.Pin();
        using var value = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, TensorElementType.Float,
            [count, 3, _size.Height, _size.Width], (nint)pin.Pointer, (long)count * _size.Values * sizeof(float));
        using var result = _session.Run(_run, _input, [value], _output);
    }

    public void Dispose()
    {
        _run.Dispose();
        _session.Dispose();
    }
}
