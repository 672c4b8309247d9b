using System.Text;
using static TorchSharp.torch;

namespace Masquerade.Networks.Checkpoints.Pickle;

/// <summary>A Python dictionary in its order; keys are text, or whole numbers as text.</summary>
internal sealed class PickledDictionary
{
    public OrderedDictionary<string, object?> Items { get; } = [];

    public void Add(CheckpointSource source, object? key, object? value)
    {
        if (key is not (string or long)) throw source.Fail("a dictionary has a key that is neither text nor a whole number");
        if (!Items.TryAdd($"{key}", value)) throw source.Fail($"the key {CheckpointSource.Quote($"{key}")} occurs twice; export it again");
    }
}

/// <summary>A class or function that a pickle names. It is a name on a list: nothing of Python is loaded.</summary>
/// <param name="Name">Module and name, with a dot between.</param>
/// <param name="Storage">The element type, if it is a class of storages.</param>
/// <param name="Call">What stands for calling it; null if it is not called.</param>
internal sealed record PickleGlobal(string Name, ScalarType? Storage = null, Func<CheckpointSource, object?[], object?>? Call = null);

/// <summary>Everything that a checkpoint may name.</summary>
internal static class PickleGlobals
{
    private static readonly (string Name, ScalarType Type)[] StorageTypes =
    [
        ("Double", ScalarType.Float64), ("Float", ScalarType.Float32), ("Half", ScalarType.Float16), ("BFloat16", ScalarType.BFloat16),
        ("Long", ScalarType.Int64), ("Int", ScalarType.Int32), ("Short", ScalarType.Int16), ("Char", ScalarType.Int8),
        ("Byte", ScalarType.Byte), ("Bool", ScalarType.Bool),
    ];

    private static readonly Dictionary<string, PickleGlobal> Known = All().ToDictionary(global => global.Name);

    /// <summary>Looks a name up; any other is refused.</summary>
    public static PickleGlobal Find(CheckpointSource source, string module, string name)
        => Known.TryGetValue($"{module}.{name}", out var global)
            ? global
            : throw source.Fail($"it names {CheckpointSource.Quote($"{module}.{name}")}, which weights do not need and which could run "
                + "code; nothing was run. Save only the weights (a state dict), or use safetensors");

    /// <summary>Reads a tuple of integers.</summary>
    public static long[] Integers(CheckpointSource source, object? value)
        => value is object?[] items && items.All(item => item is long)
            ? [.. items.Select(item => (long)item!)]
            : throw source.Fail("a shape or stride is not a tuple of whole numbers; the file is damaged or hostile");

    private static IEnumerable<PickleGlobal> All()
    {
        yield return new("collections.OrderedDict", Call: OrderedDict);
        yield return new("torch.Size", Call: static (source, args) => args is [object?[] sizes] ? sizes : throw Bad(source));
        yield return new("torch._utils._rebuild_tensor", Call: RebuildTensor);
        yield return new("torch._utils._rebuild_tensor_v2", Call: RebuildTensor);
        yield return new("torch._utils._rebuild_parameter",
            Call: static (source, args) => args is [TensorLayout tensor, bool, _] ? tensor : throw Bad(source));
        foreach (var (name, type) in StorageTypes) yield return new($"torch.{name}Storage", Storage: type);
        yield return new("_codecs.encode", Call: EncodeLatin1);
        foreach (var global in NumpyPickle.Globals) yield return global;
    }

    private static PickledDictionary OrderedDict(CheckpointSource source, object?[] args)
    {
        var made = new PickledDictionary();
        if (args.Length == 0) return made;
        // Python 2 pickles it with its items: one list of [key, value] lists.
        if (args is not [List<object?> items]) throw Bad(source);
        foreach (var item in items)
        {
            if (item is List<object?> { Count: 2 } list) made.Add(source, list[0], list[1]);
            else if (item is object?[] { Length: 2 } tuple) made.Add(source, tuple[0], tuple[1]);
            else throw Bad(source);
        }
        return made;
    }

    // (storage, offset, size, stride), from version 2 on with requires_grad, hooks and sometimes metadata, none of which is data.
    private static TensorLayout RebuildTensor(CheckpointSource source, object?[] args)
        => args is [CheckpointStorage storage, long offset, var shape, var strides, ..] && args.Length <= 7
            ? TensorLayout.Create(source, storage, offset, Integers(source, shape), Integers(source, strides))
            : throw Bad(source);

    // How Python 3 writes bytes in protocol 2.
    private static byte[] EncodeLatin1(CheckpointSource source, object?[] args)
    {
        if (args is not [string text, "latin1"] || text.Any(c => c > 255)) throw Bad(source);
        source.Charge(text.Length);
        return Encoding.Latin1.GetBytes(text);
    }

    private static InputException Bad(CheckpointSource source)
        => source.Fail("a tensor or dictionary in it is not built as PyTorch or NumPy would build it; the file is damaged or hostile");
}
