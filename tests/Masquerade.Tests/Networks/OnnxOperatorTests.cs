using Masquerade.Networks.Onnx;
using Masquerade.Tests.Networks.OnnxCases;

namespace Masquerade.Tests.Networks;

/// <summary>
/// Every operator, over random shapes, attributes and operator sets: against ONNX Runtime, and its gradient against differences.
/// </summary>
public sealed class OnnxOperatorTests
{
    private const int Draws = 40;
    private const int GradientDraws = 8;

    internal static readonly Dictionary<string, OnnxCase> Cases =
        new[] { ElementwiseCases.All, ConvolutionCases.All, ShapeCases.All, ResizeCases.All }.SelectMany(c => c).ToDictionary();

    public static TheoryData<string> Names => new(Cases.Keys);

    public static TheoryData<string> Differentiable => new(Cases.Where(c => c.Value.Differentiable).Select(c => c.Key));

    [Theory, MemberData(nameof(Names))]
    public void Computes_what_onnx_runtime_computes(string name)
    {
        for (var seed = 0; seed < Draws; seed++)
        {
            var drawn = Cases[name].Draw(new Dice(seed));
            Engines.Agree(drawn.Model, drawn.Input, drawn.Shape, Cases[name].Tolerance, Describe(name, seed, drawn));
        }
    }

    [Theory, MemberData(nameof(Differentiable))]
    public void Has_the_gradient_of_finite_differences(string name)
    {
        for (var seed = 0; seed < GradientDraws; seed++)
        {
            var drawn = Cases[name].Draw(new Dice(1000 + seed));
            Engines.GradientHolds(drawn.Model, drawn.Input, drawn.Shape, new Random(seed), Describe(name, 1000 + seed, drawn));
        }
    }

    [Fact]
    public void Every_operator_has_a_case()
    {
        var drawn = Cases.Values.SelectMany(c => Enumerable.Range(0, Draws).Select(seed => c.Draw(new Dice(seed)).Model));
        var tested = drawn.SelectMany(m => m.Graph.Node).Select(n => n.OpType).ToHashSet();
        OnnxOperators.All.Keys.Where(o => !tested.Contains(o)).ShouldBeEmpty();
    }

    private static string Describe(string name, int seed, Drawn drawn) =>
        $"{name}, seed {seed}, opset {drawn.Model.OpsetImport[0].Version}, x [{string.Join(",", drawn.Shape)}]: "
        + string.Join("; ", drawn.Model.Graph.Node.Select(n => n.ToString()));
}
