using System.Runtime.InteropServices;
using Google.Protobuf;
using Masquerade.Networks.Onnx.Format;
using Masquerade.Networks.Onnx.Preparation;

namespace Masquerade.Networks.Onnx;

/// <summary>Reads ONNX files as data: parsed, checked, never trusted.</summary>
internal static class OnnxModelFile
{
    // Protobuf itself cannot hold more; face networks are far smaller.
    private const long MostBytes = int.MaxValue;

    /// <summary>Reads and checks a network file.</summary>
    /// <returns>The network, its divisions of whole numbers made safe (<see cref="OnnxIntegerDivision"/>).</returns>
    /// <exception cref="InputException">
    /// Missing, truncated, not ONNX, without a graph, with weights that are not finite, or with a division that would end the process.
    /// </exception>
    public static ModelProto Read(string path)
    {
        byte[] bytes;
        try
        {
            var length = new FileInfo(path).Length;
            if (length > MostBytes) throw new InputException($"{path}: {length:N0} bytes is too large for an ONNX file (at most 2 GiB)");
            bytes = File.ReadAllBytes(path);
        }
        catch (FileNotFoundException e)
        {
            throw new InputException($"{path}: no such file; check the path of the network file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({FirstLine(e.Message)})", e);
        }
        return Parse(bytes, path);
    }

    /// <summary>Parses and checks a network.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="source">Its name, for messages.</param>
    /// <exception cref="InputException">As <see cref="Read"/>.</exception>
    public static ModelProto Parse(byte[] bytes, string source)
    {
        ModelProto model;
        try
        {
            model = ModelProto.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InputException($"{source}: not an ONNX file, or a truncated one; export or copy it again", e);
        }
        if (model.Graph is null || model.Graph.Node.Count == 0 || model.OpsetImport.Count == 0)
            throw new InputException($"{source}: not an ONNX file, or a truncated one: it holds no graph; export or copy it again");
        foreach (var weight in model.Graph.Initializer) CheckWeight(weight, source);
        OnnxIntegerDivision.Guard(model, source);
        return model;
    }

    /// <summary>The opset of the standard operators.</summary>
    public static int Opset(ModelProto model)
    {
        var standard = model.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx");
        return (int)(standard?.Version ?? 1);
    }

    /// <summary>The inputs that are not weights.</summary>
    public static IReadOnlyList<ValueInfoProto> Inputs(ModelProto model)
    {
        var weights = model.Graph.Initializer.Select(w => w.Name).ToHashSet(StringComparer.Ordinal);
        return [.. model.Graph.Input.Where(i => !weights.Contains(i.Name))];
    }

    private static void CheckWeight(TensorProto weight, string source)
    {
        if (weight.DataLocation == TensorProto.Types.DataLocation.External)
        {
            throw new InputException(
                $"{source}: weight '{weight.Name}' lies in another file; export the network as one file (save_as_external_data=False)");
        }
        if (!AllFinite(weight))
            throw new InputException(
                $"{source}: weight '{weight.Name}' holds NaN or infinite values; the network is damaged or its training diverged");
    }

    private static bool AllFinite(TensorProto weight)
    {
        foreach (var value in weight.FloatData)
            if (!float.IsFinite(value)) return false;
        foreach (var value in weight.DoubleData)
            if (!double.IsFinite(value)) return false;
        if (!weight.HasRawData) return true;
        return (TensorProto.Types.DataType)weight.DataType switch
        {
            TensorProto.Types.DataType.Float => AllFinite<float>(weight.RawData.Span),
            TensorProto.Types.DataType.Double => AllFinite<double>(weight.RawData.Span),
            TensorProto.Types.DataType.Float16 => AllFinite<Half>(weight.RawData.Span),
            _ => true,
        };
    }

    private static bool AllFinite<T>(ReadOnlySpan<byte> raw) where T : unmanaged, System.Numerics.INumberBase<T>
    {
        var whole = raw[..(raw.Length / Marshal.SizeOf<T>() * Marshal.SizeOf<T>())];
        foreach (var value in MemoryMarshal.Cast<byte, T>(whole))
            if (!T.IsFinite(value)) return false;
        return true;
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd('.', '\r');
}
