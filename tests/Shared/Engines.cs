using Google.Protobuf;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Testing;

/// <summary>The importer against ONNX Runtime, and its gradients against finite differences.</summary>
internal static class Engines
{
    private static readonly SessionOptions Options = new()
    {
        IntraOpNumThreads = 1,
        InterOpNumThreads = 1,
        LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
    };

    /// <summary>Random values of a shape, within a range.</summary>
    public static float[] Random(Random random, long[] shape, float low = -2, float high = 2)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++) values[i] = low + (high - low) * random.NextSingle();
        return values;
    }

    /// <summary>What ONNX Runtime computes: values (integers and truth values as floats too) and shape.</summary>
    public static (float[] Values, long[] Shape) OnnxRuntime(ModelProto model, float[] input, long[] shape)
    {
        using var session = new InferenceSession(model.ToByteArray(), Options);
        using var value = OrtValue.CreateTensorValueFromMemory(input, shape);
        using var run = new RunOptions();
        using var results = session.Run(run, [session.InputNames.Single()], [value], [session.OutputNames[0]]);
        var info = results[0].GetTensorTypeAndShape();
        float[] values = info.ElementDataType switch
        {
            TensorElementType.Float => results[0].GetTensorDataAsSpan<float>().ToArray(),
            TensorElementType.Int64 => [.. results[0].GetTensorDataAsSpan<long>().ToArray().Select(v => (float)v)],
            TensorElementType.Int32 => [.. results[0].GetTensorDataAsSpan<int>().ToArray().Select(v => (float)v)],
            TensorElementType.Bool => [.. results[0].GetTensorDataAsSpan<bool>().ToArray().Select(v => v ? 1f : 0f)],
            var other => throw new InvalidOperationException($"ONNX Runtime gave {other}"),
        };
        return (values, info.Shape);
    }

    /// <summary>What the imported network computes.</summary>
    public static (float[] Values, long[] Shape) Torch(ModelProto model, float[] input, long[] shape)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = OnnxTorchNetwork.Import(model, "test.onnx");
        var result = network.Forward(tensor(input).reshape(shape));
        // TorchSharp cannot copy an empty tensor.
        return (result.numel() == 0 ? [] : result.to_type(ScalarType.Float32).contiguous().data<float>().ToArray(), result.shape);
    }

    /// <summary>Runs a model on both engines and compares shape and values.</summary>
    public static void Agree(ModelProto model, float[] input, long[] shape, float tolerance = 1e-4f, string? what = null)
    {
        what ??= string.Join(";", model.Graph.Node.Select(n => n.ToString()));
        var expected = OnnxRuntime(model, input, shape);
        var actual = Torch(model, input, shape);
        Same(actual, expected, tolerance, what);
    }

    /// <summary>Compares two results; the tolerance is relative to values above 1.</summary>
    public static void Same((float[] Values, long[] Shape) actual, (float[] Values, long[] Shape) expected, float tolerance, string what)
    {
        actual.Shape.ShouldBe(expected.Shape, what);
        for (var i = 0; i < expected.Values.Length; i++)
        {
            var (a, e) = (actual.Values[i], expected.Values[i]);
            if (a.Equals(e)) continue;
            Math.Abs(a - e).ShouldBeLessThanOrEqualTo(tolerance * Math.Max(1, Math.Abs(e)), $"value {i} of {what}");
        }
    }

    /// <summary>
    /// The input gradient of a random projection of the output, in double, against central differences along random directions.
    /// </summary>
    public static void GradientHolds(
        ModelProto model, float[] input, long[] shape, Random random, string what, double tolerance = 1e-5, double step = 1e-7)
    {
        using var scope = NewDisposeScope();
        using var network = OnnxTorchNetwork.Import(model, "test.onnx", floats: ScalarType.Float64);
        var x = tensor(input).to_type(ScalarType.Float64).reshape(shape).requires_grad_();
        var output = network.Forward(x);
        var generator = new Generator((ulong)random.Next());
        var projection = randn(output.shape, ScalarType.Float64, generator: generator);
        var gradient = autograd.grad([(output * projection).sum()], [x])[0];
        gradient.isfinite().all().item<bool>().ShouldBeTrue(what);

        using var noGrad = no_grad();
        for (var draw = 0; draw < 2; draw++)
        {
            var direction = randn(shape, ScalarType.Float64, generator: generator);
            var ahead = (network.Forward(x.Plus(direction, step)) * projection).sum().item<double>();
            var behind = (network.Forward(x.Plus(direction, -step)) * projection).sum().item<double>();
            var numeric = (ahead - behind) / (2 * step);
            var analytic = (gradient * direction).sum().item<double>();
            Math.Abs(numeric - analytic).ShouldBeLessThanOrEqualTo(tolerance * Math.Max(1, Math.Abs(numeric)), what);
        }
    }
}
