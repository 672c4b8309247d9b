using Masquerade.Networks.Onnx.Format;
using Masquerade.Networks.Onnx.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx;

/// <summary>
/// An ONNX model as torch operations, so that it can be differentiated by its input. It covers operator sets 7 to 21; weights of any
/// floating-point type compute in float32 and hold no gradient. Several threads may run one network at a time.
/// </summary>
public sealed class OnnxTorchNetwork : IDisposable
{
    private readonly OnnxImporter.Program _program;
    private readonly string _source;
    private readonly bool _channelsLast;
    private bool _disposed;

    private OnnxTorchNetwork(OnnxImporter.Program program, string source)
    {
        _program = program;
        _source = source;
        _channelsLast = program.Steps.Any(s => s.Node.Operator is "Conv");
    }

    /// <summary>Imports a model.</summary>
    /// <param name="model">What the file holds.</param>
    /// <param name="source">File name, for messages.</param>
    /// <param name="output">Which output is wanted; the first where null.</param>
    /// <param name="floats">The type to compute in.</param>
    /// <exception cref="OperatorNotSupportedException">Names every operator or form that is not supported.</exception>
    /// <exception cref="InputException">The graph is broken.</exception>
    internal static OnnxTorchNetwork Import(
        ModelProto model, string source, string? output = null, ScalarType floats = ScalarType.Float32) =>
        new(OnnxImporter.Import(OnnxGraph.Read(model, source, output), floats), source);

    /// <summary>What keeps a model from being imported; empty where nothing does.</summary>
    /// <param name="model">What the file holds.</param>
    /// <param name="source">File name, for messages.</param>
    /// <exception cref="InputException">The graph is broken.</exception>
    internal static IReadOnlyList<string> Unsupported(ModelProto model, string source = "model")
    {
        try
        {
            using var network = Import(model, source);
            return [];
        }
        catch (OperatorNotSupportedException e)
        {
            return e.Operators;
        }
    }

    /// <summary>Runs the network. The result is part of the autograd graph where the input is and gradients are on.</summary>
    /// <param name="input">float32, of the model's input shape; never disposed here.</param>
    /// <returns>The output, owned by the caller's scope.</returns>
    /// <exception cref="InputException">The input's shape does not fit the model.</exception>
    public Tensor Forward(Tensor input) => Run(input, null);

    /// <summary>Multiplications and additions of the convolutions and matrix products in one run.</summary>
    /// <param name="input">An input of the size in question.</param>
    internal long CountFlops(Tensor input)
    {
        long multiplications = 0;
        using var noGrad = no_grad();
        using var result = Run(input, (node, x, y) => multiplications += node.Multiplications?.Invoke(x, y) ?? 0);
        return 2 * multiplications;
    }

    private Tensor Run(Tensor input, Action<OnnxNode, Arguments, Tensor>? observe)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var scope = NewDisposeScope();
        var values = (Tensor?[])_program.Values.Clone();
        // Convolutions keep this layout from here on: their weights are stored in it.
        values[_program.Input] = _channelsLast && input.dim() == 4 ? input.ChannelsLast() : input.alias();
        foreach (var step in _program.Steps)
        {
            RunStep(step, values, observe);
            // The autograd graph holds what it needs by itself.
            foreach (var slot in step.Frees) values[slot]!.Dispose();
        }
        return values[_program.Output]!.alias().MoveToOuterDisposeScope();
    }

    private void RunStep(OnnxImporter.Step step, Tensor?[] values, Action<OnnxNode, Arguments, Tensor>? observe)
    {
        using var scope = NewDisposeScope();
        var inputs = Array.ConvertAll(step.Reads, slot => slot < 0 ? null : values[slot]);
        var outputs = OnnxImporter.Run(step.Node, step.Kernel, inputs, _source);
        observe?.Invoke(step.Node, new Arguments(inputs), outputs[0]);
        for (var i = 0; i < step.Writes.Length; i++)
        {
            if (step.Writes[i] < 0) continue;
            // A kernel may hand an input through; each value has a handle of its own, as it is freed on its own.
            var output = inputs.Contains(outputs[i]) ? outputs[i].alias() : outputs[i];
            values[step.Writes[i]] = output.MoveToOuterDisposeScope();
        }
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        foreach (var tensor in _program.Held) tensor.Dispose();
    }
}
