using Google.Protobuf;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;

namespace Masquerade.Detection;

/// <summary>
/// A detector in a file: an ONNX model from what the detector looks at to a score, the input "x", the output "y", with its card among the
/// model's metadata. Where "y" has no useful gradient, the output "soft" has one.
/// </summary>
/// <param name="Card">What it is.</param>
/// <param name="Head">The model.</param>
internal sealed record DetectorFile(DetectorCard Card, ModelProto Head)
{
    public const string SoftOutput = "soft";

    private const string CardKey = "masquerade.detector";

    /// <summary>Whether the file holds a smooth stand-in for its score.</summary>
    public bool HasSoftOutput => Head.Graph.Output.Any(o => o.Name == SoftOutput);

    /// <summary>Reads a detector.</summary>
    /// <exception cref="InputException">The file cannot be read, or is no detector.</exception>
    public static DetectorFile Read(string path)
    {
        var model = OnnxModelFile.Read(path);
        var card = model.MetadataProps.FirstOrDefault(p => p.Key == CardKey)?.Value
            ?? throw new InputException($"{path}: is an ONNX model, but no detector; make one with masq train detector");
        return new DetectorFile(DetectorCard.Parse(card, path), model);
    }

    /// <summary>Writes the detector, whole or not at all.</summary>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public void Write(string path)
    {
        var model = Head.Clone();
        model.MetadataProps.Clear();
        model.MetadataProps.Add(new StringStringEntryProto { Key = CardKey, Value = Card.ToJson() });
        model.ProducerName = "Masquerade";
        OutputFile.Write(path, model.ToByteArray());
    }
}
