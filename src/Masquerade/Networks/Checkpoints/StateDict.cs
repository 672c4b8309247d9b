using Masquerade.Networks.Checkpoints.Pickle;

namespace Masquerade.Networks.Checkpoints;

/// <summary>Finds the tensors in what a pickle holds and gives each the path to it as its name.</summary>
internal sealed class StateDict
{
    // A pickle may hold one object at many places, and itself: both limits stop what would otherwise not end.
    private const int MaxDepth = 32;
    private const int MaxValues = 200_000;
    private const int MaxName = 512;

    private readonly CheckpointSource _source;
    private readonly Dictionary<string, CheckpointTensor> _tensors = [];
    private int _values;

    private StateDict(CheckpointSource source) => _source = source;

    /// <summary>All tensors below <paramref name="root"/>; keys and list positions on the way to one are joined by dots.</summary>
    public static IReadOnlyDictionary<string, CheckpointTensor> Flatten(CheckpointSource source, object? root)
    {
        var dict = new StateDict(source);
        if (root is PickledDictionary) dict.Visit("", root, 0);
        if (dict._tensors.Count == 0)
            throw source.Fail("it holds no dictionary of tensors; save the weights with torch.save(model.state_dict(), …)");
        return dict._tensors;
    }

    private void Visit(string name, object? value, int depth)
    {
        switch (value)
        {
            case TensorLayout tensor: Add(name, tensor); break;
            case PickledArray array: Descend(name, array.Value, depth); break;
            case PickledDictionary dictionary:
                foreach (var (key, item) in dictionary.Items) Descend(name.Length == 0 ? key : $"{name}.{key}", item, depth);
                break;
            case IReadOnlyList<object?> list:
                for (var i = 0; i < list.Count; i++) Descend($"{name}.{i}", list[i], depth);
                break;
        }
    }

    private void Descend(string name, object? value, int depth)
    {
        if (++_values > MaxValues || depth > MaxDepth || name.Length > MaxName)
            throw _source.Fail("its dictionaries are nested too deeply, contain themselves, or have endless names; save only the weights");
        Visit(name, value, depth + 1);
    }

    private void Add(string name, TensorLayout tensor)
    {
        if (!_tensors.TryAdd(name, tensor.Resolve(_source)))
            throw _source.Fail($"two tensors are named {CheckpointSource.Quote(name)}; export it again");
    }
}
