using Masquerade.Networks.Checkpoints.Pickle;

namespace Masquerade.Networks.Checkpoints;

/// <summary>
/// Reads the weights of a network from a file: PyTorch state dicts (torch.save, the zip form and the legacy form), safetensors, and the
/// constants of frozen TensorFlow graphs. Files are parsed, never executed: only the few names and instructions of pickle that weights
/// need are followed, anything else is refused.
/// </summary>
public static class CheckpointReader
{
    /// <summary>
    /// Reads all tensors. In nested dictionaries (<c>{"state_dict": {…}, "epoch": 3}</c>) names are joined by dots
    /// (<c>state_dict.conv1.weight</c>); values that are not tensors are left out. A graph's constants have the names of their nodes.
    /// </summary>
    /// <param name="path">A file; its kind is recognised by its content.</param>
    /// <exception cref="InputException">
    /// The file is missing, damaged, no checkpoint, larger inside than outside, or asks for anything but weights.
    /// </exception>
    public static IReadOnlyDictionary<string, CheckpointTensor> Read(string path) => CheckpointFile.Read(path, (reader, stream) =>
    {
        var source = reader.Source;
        var start = new byte[Math.Min(9, stream.Length)];
        stream.ReadExactly(start);
        stream.Position = 0;
        return start switch
        {
            // A header's length may begin with the byte that begins a pickle.
            [_, _, _, _, 0, 0, 0, 0, (byte)'{'] => SafetensorsFormat.Read(reader),
            [(byte)'P', (byte)'K', 3, 4, ..] => StateDict.Flatten(source, ZipFormat.Read(source, stream)),
            [(byte)PickleOpcode.Proto, ..] => StateDict.Flatten(source, LegacyFormat.Read(reader)),
            [_, _, _, _, _, _, _, _, (byte)'{'] => SafetensorsFormat.Read(reader),
            [GraphDefFormat.Start, ..] => GraphDefFormat.Read(reader),
            _ => throw source.Fail(
                "not a checkpoint: a PyTorch state dict (torch.save), a safetensors file or a frozen TensorFlow graph is needed"),
        };
    });
}
