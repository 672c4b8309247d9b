namespace Masquerade.Networks.Onnx;

/// <summary>Messages about a network file. They quote names from it, which may hold anything.</summary>
internal static class OnnxError
{
    /// <summary>A broken file.</summary>
    /// <param name="source">File name.</param>
    /// <param name="what">What is wrong and where.</param>
    /// <param name="inner">What was caught.</param>
    public static InputException Broken(string source, string what, Exception? inner = null)
    {
        var message = $"{source}: {Line(what)}";
        return inner is null ? new InputException(message) : new InputException(message, inner);
    }

    /// <summary>An operator or form that cannot be imported.</summary>
    public static OperatorNotSupportedException Unsupported(string what) => new([Line(what)]);

    /// <summary>One line without control characters.</summary>
    private static string Line(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
