using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Tests.Networks;

/// <summary>What is said of a network file.</summary>
public sealed class OnnxGraphStatisticsTests
{
    [Fact]
    public void Counts_operators_parameters_and_flops()
    {
        // Conv: 2 filters of 1×3×3 over 4×4 places = 288 multiplications; ConvTranspose: 2·16 inputs × 1·2·2 = 128;
        // Gemm: 25·3 = 75.
        var model = new OnnxModelBuilder(13, -1, 1, 4, 4)
            .Constant("w", [2, 1, 3, 3], new float[18]).Constant("t", [2, 1, 2, 2], new float[8]).Constant("g", [3, 25], new float[75])
            .Integers("unused", 1, 2)
            .Node("Conv", ["x", "w"], ["a"], ("pads", new long[] { 1, 1, 1, 1 })).Node("Relu", ["a"], ["b"])
            .Node("ConvTranspose", ["b", "t"], ["c"]).Node("Relu", ["c"], ["d"]).Node("Flatten", ["d"], ["e"])
            .Node("Gemm", ["e", "g"], null, ("transB", 1)).Build();
        var statistics = OnnxGraphStatistics.Of(model, "face.onnx");
        statistics.Operators.ShouldBe(new Dictionary<string, int>
        {
            ["Conv"] = 1,
            ["ConvTranspose"] = 1,
            ["Flatten"] = 1,
            ["Gemm"] = 1,
            ["Relu"] = 2,
        }, ignoreOrder: true);
        statistics.Parameters.ShouldBe(18 + 8 + 75);
        statistics.Flops.ShouldBe(2 * (288 + 128 + 75));
        statistics.Inputs.ShouldHaveSingleItem().Name.ShouldBe("x");
        statistics.Inputs[0].Type.ShouldBe("float");
        statistics.Inputs[0].Shape.ShouldBe(["free0", "1", "4", "4"]);
        statistics.Outputs.ShouldHaveSingleItem().Name.ShouldBe("y");
    }

    [Fact]
    public void Flops_need_a_size_and_an_import()
    {
        var free = new OnnxModelBuilder(13, -1, 1, -1, -1).Constant("w", [1, 1, 1, 1], 1).Node("Conv", ["x", "w"]).Build();
        OnnxGraphStatistics.Of(free, "face.onnx").Flops.ShouldBeNull();
        OnnxGraphStatistics.Of(free, "face.onnx", [1, 1, 5, 5]).Flops.ShouldBe(50);
        var unknown = new OnnxModelBuilder(13, 1, 2).Node("Einsum", ["x"]).Build();
        var statistics = OnnxGraphStatistics.Of(unknown, "face.onnx");
        statistics.Flops.ShouldBeNull();
        statistics.Operators["Einsum"].ShouldBe(1);
    }

    [Theory, InlineData("mobilefacenet.onnx", 0.47), InlineData("mobilefacenet-prelu.onnx", 0.38)]
    public void Real_networks_have_about_a_million_parameters(string file, double gigaflops)
    {
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Shared.Path("models", file)));
        var statistics = OnnxGraphStatistics.Of(model, file);
        statistics.Parameters.ShouldBeInRange(950_000, 1_100_000);
        (statistics.Flops!.Value / 1e9).ShouldBe(gigaflops, 0.01);
        statistics.Inputs.ShouldHaveSingleItem().Type.ShouldBe(DataType.Float.ToString().ToLowerInvariant());
    }
}
