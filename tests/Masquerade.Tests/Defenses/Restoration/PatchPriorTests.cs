using Masquerade.Defenses;
using Masquerade.Defenses.Restoration;
using Masquerade.Networks.Checkpoints;
using Masquerade.Tests.Networks.Checkpoints;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses.Restoration;

public sealed class PatchPriorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_is_read_as_it_was_written()
    {
        using var scope = NewDisposeScope();
        using var prior = SmallPrior.Draw(3, 4, 9);
        prior.Write(_folder["prior.safetensors"]);
        using var read = PatchPrior.Read(_folder["prior.safetensors"]);
        (read.Components, read.Side, read.Rank).ShouldBe((3, 4, 9));
        foreach (var (name, value) in prior.Tensors()) read.Tensors()[name].Equals(value).ShouldBeTrue(name);
        using var purifier = PurifierRegistry.Open($"epll:17.5:{_folder["prior.safetensors"]}");
        purifier.Name.ShouldBe($"epll:17.5:{_folder["prior.safetensors"]}");
        // A plus would part a chain.
        prior.Write(_folder["a+b.safetensors"]);
        using var chain = PurifierRegistry.Open($"mean+epll:17.5:{_folder["a%2Bb.safetensors"]}");
        chain.Name.ShouldBe($"mean:3+epll:17.5:{_folder["a%2Bb.safetensors"]}");
    }

    public static TheoryData<string, string, Func<Tensor, Tensor>?> Broken => new()
    {
        { "weights", "weights is missing", null },
        { "bases", "bases is missing", null },
        { "rest", "rest is missing", null },
        { "weights", "its weights are no shares", w => w.Times(2.0) },
        { "weights", "its weights are no shares", w => w.Minus(0.7) },
        { "weights", "weights is Float32 [4], not Float32 [3]", w => cat([w, w.narrow(0, 0, 1)], 0) },
        { "weights", "weights is Int64 [3], not Float32 [3]", w => w.to(ScalarType.Int64) },
        { "rest", "its variances are impossible", r => r.neg() },
        { "variances", "its variances are impossible", v => v.Times(1e-4) },
        { "variances", "variances holds NaN or infinite values", v => v.FilledLike(double.PositiveInfinity) },
        { "bases", "bases holds NaN or infinite values", b => b.FilledLike(double.NaN) },
        { "bases", "its bases are not orthonormal", b => b.Times(1.1) },
        // Single pixels: orthonormal, but not free of means.
        { "bases", "its bases are not orthonormal", _ => eye(48).narrow(1, 0, 9).expand(3, 48, 9).contiguous() },
        { "bases", "bases is Float32 [3, 47, 9]", b => b.narrow(1, 0, 47) },
        { "bases", "bases is Float32 [3, 48, 46]", _ => zeros(3, 48, 46) },
        { "bases", "bases is Float32 [3, 48]", b => b.select(2, 0) },
        { "bases", "bases is Float32 [3, 0, 9]", b => b.narrow(1, 0, 0) },
        { "bases", "bases is Float32 [1001, 12, 1]", _ => zeros(1001, 12, 1) },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_is_no_prior_is_refused(string name, string message, Func<Tensor, Tensor>? change)
    {
        using var scope = NewDisposeScope();
        using var prior = SmallPrior.Draw(3, 4, 9);
        var tensors = prior.Tensors();
        if (change is null) tensors.Remove(name);
        else tensors[name] = change(tensors[name]);
        SafetensorsWriter.Write(_folder["p.safetensors"], tensors);
        Refusal.Of(path => PatchPrior.Read(path), _folder["p.safetensors"], $"is no patch prior ({message}");
    }

    [Fact]
    public void Damaged_and_endless_files_are_refused()
    {
        using var prior = SmallPrior.Draw(3, 4, 9);
        prior.Write(_folder["p.safetensors"]);
        var whole = File.ReadAllBytes(_folder["p.safetensors"]);
        foreach (var length in new[] { 0, 7, 100, whole.Length / 2, whole.Length - 1 })
            Refusal.Of(path => PatchPrior.Read(path), _folder.Write("cut.safetensors", whole[..length]), "");
        Refusal.Of(path => PatchPrior.Read(path), _folder["none.safetensors"], "no such file");
        // A sparse file: a gigabyte that takes no room.
        using (var file = File.Create(_folder["large.safetensors"]))
        {
            file.Write(whole);
            file.SetLength(1L << 30);
        }
        Refusal.Of(path => PatchPrior.Read(path), _folder["large.safetensors"], "it has more than 64 MiB");
    }

    [Theory]
    [InlineData("epll:0", "sigma '0' is not possible; a number from 0.1 to 255 (epll[:SIGMA[:FILE]])")]
    [InlineData("epll:x", "sigma 'x' is not possible")]
    [InlineData("epl", "no defense 'epl'; did you mean epll?")]
    public void Parameters_are_checked(string defense, string message) =>
        Should.Throw<InputException>(() => PurifierRegistry.Check(defense)).Message.ShouldContain(message);

    [Fact]
    public void Without_the_shipped_file_it_says_so()
    {
        var error = Should.Throw<InputException>(() => PurifierRegistry.Open("epll", new PurifierFiles(_folder.Root)));
        error.Message.ShouldBe($"epll: its weights are not here ({_folder["patch-prior.safetensors"]}); install the program again");
    }
}
