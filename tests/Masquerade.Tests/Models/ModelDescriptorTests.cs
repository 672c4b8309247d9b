using Masquerade.Models;

namespace Masquerade.Tests.Models;

public sealed class ModelDescriptorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private const string Good = """
        { "name": "n", "file": "n.onnx", "format": "onnx", "input": { "width": 112, "height": 96, "mean": 127.5, "std": [1, 2, 3] },
          "alignment": "none", "threshold": 1.2, "embeddingSize": 128 }
        """;

    [Fact]
    public void Fields_arrive()
    {
        var read = Read(Good);
        (read.Name, read.Format, read.Alignment, read.Threshold, read.EmbeddingSize).ShouldBe(("n", "onnx", "none", 1.2, 128));
        (read.InputSize.Width, read.InputSize.Height).ShouldBe((112, 96));
        read.Mean.ShouldBe([127.5f]);
        read.Std.ShouldBe([1f, 2f, 3f]);
        read.File.ShouldBe(_folder["n.onnx"]);
    }

    [Fact]
    public void A_cosine_threshold_becomes_a_squared_distance() =>
        Read(Good.Replace("\"threshold\": 1.2", "\"threshold\": 0.3, \"metric\": \"cosine\"")).Threshold.ShouldBe(1.4, 1e-12);

    [Theory]
    [InlineData("", "", new float[] { 0 }, new float[] { 1 })]
    [InlineData("104", "[57]", new float[] { 104 }, new float[] { 57 })]
    [InlineData("[91, 104, 131]", "", new float[] { 91, 104, 131 }, new float[] { 1 })]
    [InlineData("[91, 104, 131]", "2", new float[] { 91, 104, 131 }, new float[] { 2 })]
    [InlineData("127.5", "[1, 2, 3]", new float[] { 127.5f }, new float[] { 1, 2, 3 })]
    public void Mean_and_std_have_one_value_or_three_each_by_itself(string mean, string std, float[] means, float[] deviations)
    {
        var fields = (mean.Length > 0 ? $", \"mean\": {mean}" : "") + (std.Length > 0 ? $", \"std\": {std}" : "");
        var read = Read(Good.Replace(", \"mean\": 127.5, \"std\": [1, 2, 3]", fields));
        read.Mean.ShouldBe(means);
        read.Std.ShouldBe(deviations);
    }

    [Theory]
    [InlineData("\"name\": \"n\"", "\"name\": \"n\", \"treshold\": 1", "unknown field 'treshold'")]
    [InlineData("\"mean\": 127.5", "\"mean\": 127.5, \"colour\": 1", "unknown field 'input.colour'")]
    [InlineData("\"name\": \"n\", ", "", "the field 'name' is missing")]
    [InlineData("\"width\": 112", "\"width\": \"wide\"", "the field 'input.width' must be a number")]
    [InlineData("\"width\": 112", "\"width\": 1e9", "the field 'input.width' must be a whole number from 1 to 4096")]
    [InlineData("[1, 2, 3]", "[1, 2]", "the field 'input.std' must be a number, or three")]
    [InlineData("[1, 2, 3]", "[]", "the field 'input.std' must be a number, or three")]
    [InlineData("[1, 2, 3]", "[1, 2, 3, 4]", "the field 'input.std' must be a number, or three")]
    [InlineData("[1, 2, 3]", "[1, 2, \"3\"]", "the field 'input.std' must be a number, or three")]
    [InlineData("[1, 2, 3]", "[1, 1e39, 3]", "the field 'input.std' must be finite")]
    [InlineData("[1, 2, 3]", "0", "the field 'input.std' must be positive")]
    [InlineData("[1, 2, 3]", "[1, 2, -3]", "the field 'input.std' must be positive")]
    [InlineData("127.5", "[1, 2]", "the field 'input.mean' must be a number, or three")]
    [InlineData("127.5", "1e39", "the field 'input.mean' must be finite")]
    [InlineData("\"onnx\"", "\"tflite\"", "the field 'format' is 'tflite'; known are onnx, inception-resnet-v1")]
    [InlineData("1.2", "4", "the field 'threshold' must lie between 0 and 4")]
    [InlineData("128 }", "128, \"sha256\": \"abc\" }", "the field 'sha256' must be 64 hexadecimal digits")]
    [InlineData("128 }", "128, \"embeddingSize\": 128 }", "the field 'embeddingSize' is there twice")]
    [InlineData("128 }", "128", "not a model descriptor")]
    public void Mistakes_are_named(string good, string bad, string message)
    {
        Good.ShouldContain(good);
        var error = Should.Throw<InputException>(() => Read(Good.Replace(good, bad)));
        error.Message.ShouldContain("m.model.json");
        error.Message.ShouldContain(message);
        error.Message.ShouldNotContain("\n");
    }

    [Fact]
    public void A_file_of_another_hash_is_refused()
    {
        File.WriteAllText(_folder["n.onnx"], "x");
        var read = Read(Good.Replace("128 }", $"128, \"sha256\": \"{new string('0', 64)}\" }}"));
        Should.Throw<InputException>(read.VerifyFile).Message.ShouldContain("SHA-256 is 2d711642b726b044");
    }

    private ModelDescriptor Read(string json)
    {
        File.WriteAllText(_folder["m.model.json"], json);
        return ModelDescriptor.Read(_folder["m.model.json"]);
    }
}
