using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;

namespace Masquerade.Tests.Networks.OnnxCases;

/// <summary>A model and an input for it.</summary>
internal sealed record Drawn(ModelProto Model, long[] Shape, float[] Input);

/// <summary>Draws models around one operator.</summary>
/// <param name="Draw">A model over random shapes, attributes and operator sets.</param>
/// <param name="Differentiable">Whether its gradient is checked too.</param>
/// <param name="Tolerance">Largest difference to ONNX Runtime, relative above 1.</param>
internal sealed record OnnxCase(Func<Dice, Drawn> Draw, bool Differentiable = true, float Tolerance = 2e-5f);

/// <summary>Random choices.</summary>
internal sealed class Dice(int seed)
{
    public Random Random { get; } = new(seed);

    /// <summary>A whole number, both ends included.</summary>
    public long Int(long low, long high) => Random.NextInt64(low, high + 1);

    public bool Bool() => Random.Next(2) == 0;

    public T OneOf<T>(params T[] choices) => choices[Random.Next(choices.Length)];

    public float Float(float low, float high) => low + (high - low) * Random.NextSingle();

    public float[] Floats(long[] shape, float low = -2, float high = 2) => Engines.Random(Random, shape, low, high);

    public long[] Many(int count, long low, long high) => [.. Enumerable.Range(0, count).Select(_ => Int(low, high))];

    /// <summary>A shape of a few axes, none large.</summary>
    public long[] Shape(int least = 1, int most = 4, long largest = 5) => Many((int)Int(least, most), 1, largest);

    /// <summary>A different way to write an axis: from the front or from the back.</summary>
    public long Axis(int axis, int rank) => Bool() ? axis : axis - rank;

    /// <summary>Some axes of a rank, in random order.</summary>
    public int[] Axes(int rank, int least)
    {
        var all = Enumerable.Range(0, rank).ToArray();
        Random.Shuffle(all);
        return all[..(int)Int(least, rank)];
    }

    /// <summary>A shape that broadcasts with another one.</summary>
    public long[] Broadcastable(long[] shape) => [.. shape.Skip((int)Int(0, shape.Length)).Select(s => Bool() ? s : 1)];

    /// <summary>A model of one node that reads "x" first.</summary>
    public Drawn Unary(long opset, string type, long[] shape, (string, object)[] attributes, float low = -3, float high = 3) =>
        new(new OnnxModelBuilder(opset, shape).Node(type, ["x"], null, attributes).Build(), shape, Floats(shape, low, high));
}
