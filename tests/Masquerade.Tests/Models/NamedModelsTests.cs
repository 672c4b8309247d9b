using Masquerade.Models;

namespace Masquerade.Tests.Models;

public sealed class NamedModelsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly NamedModels _named;

    public NamedModelsTests()
    {
        foreach (var file in new[] { "zebra.model.json", "mini.model.json", "mini.onnx", "mini.md", "other.json", "patch-prior.safetensors" })
            _folder.Write($"models/{file}", "x");
        _named = new NamedModels(_folder["models"]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Names_are_those_of_descriptors()
    {
        _named.Bundled.ShouldBe(["mini", "zebra"]);
        new NamedModels(_folder["nowhere"]).Bundled.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("mini.model.json")]
    [InlineData("./mini")]
    [InlineData("a/b")]
    [InlineData("/mini")]
    [InlineData("..")]
    [InlineData("")]
    public void A_path_stays_a_path(string path) => _named.Find(path).ShouldBe(path);

    [Fact]
    public void A_name_is_found_where_there_is_no_such_file()
    {
        _named.Find("mini").ShouldBe(_folder["models/mini.model.json"]);
        var message = Should.Throw<InputException>(() => _named.Find("Minni")).Message;
        message.ShouldStartWith("Minni: ");
        message.ShouldContain("(known are mini, zebra)");
    }

    [Fact]
    public void A_file_comes_before_a_named_model()
    {
        NamedModels.Anywhere("mini", _folder.Root).ShouldBe("mini");
        NamedModels.Anywhere("sub/mini", _folder.Root).ShouldBe(_folder["sub/mini"]);
        NamedModels.Anywhere("mini.model.json", _folder.Root).ShouldBe(_folder["mini.model.json"]);
        var file = _folder.Write("mini", "a descriptor");
        NamedModels.Anywhere("mini", _folder.Root).ShouldBe(file);
        _named.Find(file).ShouldBe(file);
    }

    [Fact]
    public void Those_of_the_program_lie_beside_it()
    {
        var message = Should.Throw<InputException>(() => NamedModels.Default.Find("no-such-model")).Message;
        NamedModels.Pair.ShouldBe(["mini", "mini-robust"]);
        var names = NamedModels.Default.Bundled;
        if (names.Count == 0) message.ShouldContain(Path.Combine(AppContext.BaseDirectory, "models"));
        foreach (var name in names)
        {
            message.ShouldContain(name);
            using var model = FaceModel.Load(NamedModels.Default.Find(name), threads: 1, gradients: true);
            (model.Descriptor.Name, model.NotDifferentiable, model.Descriptor.Alignment).ShouldBe((name, null, "arcface-112x112"));
        }
    }
}
