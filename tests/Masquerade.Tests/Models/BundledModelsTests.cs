using Masquerade.Models;

namespace Masquerade.Tests.Models;

public sealed class BundledModelsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly BundledModels _bundled;

    public BundledModelsTests()
    {
        foreach (var file in new[] { "zebra.model.json", "mini.model.json", "mini.onnx", "mini.md", "other.json" })
            _folder.Write($"models/{file}", "x");
        _bundled = new BundledModels(_folder["models"]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Names_are_those_of_descriptors()
    {
        _bundled.Names.ShouldBe(["mini", "zebra"]);
        new BundledModels(_folder["nowhere"]).Names.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("mini.model.json")]
    [InlineData("./mini")]
    [InlineData("a/b")]
    [InlineData("/mini")]
    [InlineData("..")]
    [InlineData("")]
    public void A_path_stays_a_path(string path) => _bundled.Find(path).ShouldBe(path);

    [Fact]
    public void A_name_is_found_where_there_is_no_such_file()
    {
        _bundled.Find("mini").ShouldBe(_folder["models/mini.model.json"]);
        var message = Should.Throw<InputException>(() => _bundled.Find("Minni")).Message;
        message.ShouldStartWith("Minni: ");
        message.ShouldContain("(known are mini, zebra)");
    }

    [Fact]
    public void A_file_comes_before_a_bundled_model()
    {
        BundledModels.Anywhere("mini", _folder.Root).ShouldBe("mini");
        BundledModels.Anywhere("sub/mini", _folder.Root).ShouldBe(_folder["sub/mini"]);
        BundledModels.Anywhere("mini.model.json", _folder.Root).ShouldBe(_folder["mini.model.json"]);
        var file = _folder.Write("mini", "a descriptor");
        BundledModels.Anywhere("mini", _folder.Root).ShouldBe(file);
        _bundled.Find(file).ShouldBe(file);
    }

    [Fact]
    public void Those_of_the_program_lie_beside_it()
    {
        var message = Should.Throw<InputException>(() => BundledModels.Shipped.Find("no-such-model")).Message;
        BundledModels.Pair.ShouldBe(["mini", "mini-robust"]);
        var names = BundledModels.Shipped.Names;
        if (names.Count == 0) message.ShouldContain(Path.Combine(AppContext.BaseDirectory, "models"));
        foreach (var name in names)
        {
            message.ShouldContain(name);
            using var model = FaceModel.Load(BundledModels.Shipped.Find(name), threads: 1, gradients: true);
            (model.Descriptor.Name, model.NotDifferentiable, model.Descriptor.Alignment).ShouldBe((name, null, "arcface-112x112"));
        }
    }
}
