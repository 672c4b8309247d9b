using System.Runtime.InteropServices;
using Masquerade.Networks.Checkpoints;

namespace Masquerade.Alignment.Mtcnn;

/// <summary>
/// Weights of one of MTCNN's networks in PyTorch's order, from either of the forms in which they are published: <c>pnet.pt</c>,
/// <c>rnet.pt</c>, <c>onet.pt</c> (facenet-pytorch), or <c>det1.npy</c>, <c>det2.npy</c>, <c>det3.npy</c> (facenet), where every array's
/// dimensions are in the reverse order, because those networks look at images that lie on their side.
/// </summary>
internal sealed class MtcnnWeights
{
    private static readonly string[] Torch = ["pnet.pt", "rnet.pt", "onet.pt"];
    private static readonly string[] NumPy = ["det1.npy", "det2.npy", "det3.npy"];

    private readonly IReadOnlyDictionary<string, CheckpointTensor> _tensors;
    private readonly bool _reversed;
    private readonly HashSet<string> _taken = [];

    private MtcnnWeights(string path, IReadOnlyDictionary<string, CheckpointTensor> tensors, bool reversed) =>
        (Path, _tensors, _reversed) = (path, tensors, reversed);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The files of a folder: of the first, second and third network.</summary>
    /// <exception cref="InputException">The folder holds neither form, or only part of one.</exception>
    public static string[] FilesIn(string folder)
    {
        if (File.Exists(folder)) throw new InputException($"{folder}: is a file; name the folder of MTCNN's weights");
        if (!Directory.Exists(folder)) throw new InputException($"{folder}: no such folder; name the folder of MTCNN's weights");
        foreach (var form in (string[][])[Torch, NumPy])
        {
            var files = Array.ConvertAll(form, name => System.IO.Path.Combine(folder, name));
            var missing = Array.FindAll(files, file => !File.Exists(file));
            if (missing.Length == 0) return files;
            if (missing.Length < files.Length)
                throw new InputException($"{missing[0]}: no such file, but the others of {string.Join(", ", form)} are there; add it");
        }
        throw new InputException($"{folder}: has no weights of MTCNN, neither {string.Join(", ", Torch)} nor {string.Join(", ", NumPy)}");
    }

    /// <summary>Reads a file of either form.</summary>
    /// <exception cref="InputException">Missing, damaged, or no weights.</exception>
    public static MtcnnWeights Read(string path) => path.EndsWith(".npy", StringComparison.Ordinal)
        ? new MtcnnWeights(path, NpyReader.ReadDictionary(path), reversed: true)
        : new MtcnnWeights(path, CheckpointReader.Read(path), reversed: false);

    /// <summary>The kernel or matrix of a layer.</summary>
    /// <param name="layer">As facenet-pytorch has it.</param>
    /// <param name="shape">[outputs, inputs, height, width] or [outputs, inputs].</param>
    /// <exception cref="InputException">It is missing, of another shape or type, or not finite.</exception>
    public float[] Kernel(string layer, params long[] shape) => Take(layer, "weight", "weights", shape);

    /// <summary>The bias of a layer.</summary>
    /// <inheritdoc cref="Kernel"/>
    public float[] Bias(string layer, long outputs) => Take(layer, "bias", "biases", outputs);

    /// <summary>The slopes of a layer of parametric ReLUs.</summary>
    /// <inheritdoc cref="Kernel"/>
    public float[] Slopes(string layer, long outputs) => Take(layer, "weight", "alpha", outputs);

    /// <summary>Nothing may be left over: it would be another network.</summary>
    /// <exception cref="InputException">Something is.</exception>
    public void Finish()
    {
        if (_tensors.Keys.FirstOrDefault(name => !_taken.Contains(name)) is { } left)
            throw Bad($"{CheckpointSource.Quote(left)} is not part of the network");
    }

    private float[] Take(string layer, string torch, string numpy, params long[] shape)
    {
        var name = _reversed ? $"{Layer(layer)}.{numpy}" : $"{layer}.{torch}";
        long[] stored = _reversed ? [.. shape.Reverse()] : shape;
        if (!_tensors.TryGetValue(name, out var found)) throw Bad($"'{name}' is missing");
        if (!found.Shape.SequenceEqual(stored) || found.Type != TorchSharp.torch.ScalarType.Float32)
            throw Bad($"'{name}' is {found} instead of float32 [{string.Join(", ", stored)}]");
        _taken.Add(name);
        var values = MemoryMarshal.Cast<byte, float>(found.Data.Span).ToArray();
        if (Array.Exists(values, v => !float.IsFinite(v))) throw Bad($"'{name}' has values that are not finite numbers");
        return _reversed ? Reversed(values, stored) : values;
    }

    /// <summary>conv4_1 is conv4-1 there, dense4 is conv4, prelu1 is PReLU1 in front of the first two matrices and prelu4 otherwise.</summary>
    private string Layer(string layer)
    {
        var name = layer.Replace("dense", "conv", StringComparison.Ordinal).Replace('_', '-');
        return name.StartsWith("prelu", StringComparison.Ordinal) && !_tensors.ContainsKey($"{name}.alpha") ? "PReLU" + name[5..] : name;
    }

    /// <summary>The same array with its dimensions in the reverse order.</summary>
    private static float[] Reversed(float[] values, long[] shape)
    {
        var result = new float[values.Length];
        var steps = new long[shape.Length];
        for (long d = 0, step = 1; d < shape.Length; step *= shape[d++]) steps[d] = step;
        var place = new long[shape.Length];
        for (var i = 0; i < values.Length; i++)
        {
            long at = 0;
            for (var d = 0; d < place.Length; d++) at += place[d] * steps[d];
            result[at] = values[i];
            for (var d = place.Length - 1; d >= 0 && ++place[d] == shape[d]; d--) place[d] = 0;
        }
        return result;
    }

    private InputException Bad(string problem) => new($"{Path}: not the weights of this MTCNN network: {problem}");
}
