using Masquerade.Imaging;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using Masquerade.Networks.Onnx.Preparation;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Defenses.Learned;

/// <summary>What a network file says of the images that it takes.</summary>
internal sealed class ImageToImageForm
{
    private const string Wanted = "a purifier takes and gives images as float32 [N,3,H,W]: export it so";

    private readonly long? _height;
    private readonly long? _width;

    private ImageToImageForm(string source, bool oneAtATime, long? height, long? width) =>
        (Source, OneAtATime, _height, _width) = (source, oneAtATime, height, width);

    /// <summary>The file, for messages.</summary>
    public string Source { get; }

    /// <summary>Whether the file says that it takes one image at a time.</summary>
    public bool OneAtATime { get; }

    /// <summary>Reads and checks a network's input and output.</summary>
    /// <exception cref="InputException">There are several, or they are no images.</exception>
    public static ImageToImageForm Of(ModelProto model, string source)
    {
        var inputs = OnnxModelFile.Inputs(model);
        var outputs = model.Graph.Output;
        if (inputs.Count != 1 || outputs.Count != 1)
        {
            throw new InputException(
                $"{source}: the network has {inputs.Count} inputs and {outputs.Count} outputs, not one of each; {Wanted}");
        }
        var given = Dimensions(inputs[0], "takes", source);
        _ = Dimensions(outputs[0], "gives", source);
        if (given[0] is not (null or 1))
            throw new InputException($"{source}: the network takes batches of {given[0]} only; export it with a free batch");
        return new ImageToImageForm(source, given[0] == 1, given[2], given[3]);
    }

    /// <summary>The size that it takes which is nearest to another.</summary>
    public ImageSize Nearest(ImageSize size) => new((int)(_width ?? size.Width), (int)(_height ?? size.Height));

    /// <summary>Makes sure that it takes images of a size.</summary>
    /// <exception cref="InputException">The file says otherwise.</exception>
    public void Require(ImageSize size)
    {
        if (Nearest(size) == size) return;
        throw new InputException(
            $"{Source}: the network takes images of {Nearest(size)} only, not of {size}; export it with free height and width");
    }

    /// <summary>The four dimensions, null where they are free.</summary>
    private static long?[] Dimensions(ValueInfoProto value, string verb, string source)
    {
        var type = value.Type?.TensorType;
        if ((DataType)(type?.ElemType ?? 0) is var element && element is not (DataType.Float or DataType.Undefined))
            throw new InputException($"{source}: the network {verb} {element} values; {Wanted}");
        var dims = type?.Shape?.Dim;
        if (dims is null || dims.Count == 0) return new long?[4];
        long?[] sizes = [.. dims.Select(d => d.HasDimValue && d.DimValue > 0 ? d.DimValue : (long?)null)];
        return sizes.Length == 4 && (sizes[1] ?? 3) == 3 ? sizes
            : throw new InputException($"{source}: the network {verb} {OnnxPreparation.Shape(dims)}; {Wanted}");
    }
}
