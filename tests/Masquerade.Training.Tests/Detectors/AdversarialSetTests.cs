using Masquerade.Imaging;
using Masquerade.Training.Detectors;

namespace Masquerade.Training.Tests.Detectors;

public sealed class AdversarialSetTests : IDisposable
{
    private static readonly ImageSize Size = new(5, 4);
    private static readonly string[] Attacks = ["minimal/fgsm", "strong/fmn"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_added_can_be_read()
    {
        using var set = Open();
        for (var i = 0; i < 3; i++) set.AddFace(Image(i), 2 * i).ShouldBe(i);
        set.Add("strong/fmn", 2, Image(7), 0.25);
        (set.Count(AdversarialSet.Clean), set.Count("minimal/fgsm"), set.Count("strong/fmn")).ShouldBe((3, 0, 1));
        set.Norm("strong/fmn", 0).ShouldBe(0.25f);
        set.Face("strong/fmn", 0).ShouldBe(2);
        set.FaceAt(4).ShouldBe(2);
        set.FaceAt(0).ShouldBe(0);
        Should.Throw<InputException>(() => set.FaceAt(3)).Message.ShouldContain("of other photographs; delete its folder");
        var values = new float[Size.Values];
        set.Read("strong/fmn", 0, values);
        values.ShouldBe(Image(7));
        set.Read(AdversarialSet.Clean, 1, 2).ShouldBe([.. Image(1), .. Image(2)]);
    }

    [Fact]
    public void What_was_committed_stays_and_what_was_not_is_forgotten()
    {
        using (var set = Open())
        {
            set.AddFace(Image(0), 0);
            set.Add("minimal/fgsm", 0, Image(1), 1);
            set.Commit(24, [AdversarialSet.Clean, "minimal/fgsm"], 2);
            set.Add("minimal/fgsm", 0, Image(2), 2);
        }
        using (var set = Open())
        {
            (set.Done(AdversarialSet.Clean), set.Done("minimal/fgsm"), set.Done("strong/fmn")).ShouldBe((24, 24, 0));
            (set.Skipped, set.Count("minimal/fgsm"), set.Count(AdversarialSet.Clean)).ShouldBe((2, 1, 1));
            set.Add("minimal/fgsm", 0, Image(3), 3);
            set.Commit(48, ["minimal/fgsm"], 0);
        }
        using var again = Open();
        (again.Count("minimal/fgsm"), again.Done("minimal/fgsm"), again.Done(AdversarialSet.Clean), again.Skipped).ShouldBe((2, 48, 24, 2));
        again.Read("minimal/fgsm", 0, 2).ShouldBe([.. Image(1), .. Image(3)]);
        again.Norm("minimal/fgsm", 1).ShouldBe(3);
        using var other = new AdversarialSet(_folder.Root, "kept", Size, Attacks);
        other.Count("minimal/fgsm").ShouldBe(0);
    }

    [Fact]
    public void What_is_there_of_an_attack_stays_while_others_are_added()
    {
        Fill();
        using (var others = new AdversarialSet(_folder.Root, "training", Size, ["strong/fmn", "minimal/deepfool"]))
        {
            (others.Count(AdversarialSet.Clean), others.Done("minimal/deepfool")).ShouldBe((1, 0));
            others.Add("minimal/deepfool", 0, Image(5), 1);
            others.Commit(24, ["minimal/deepfool"], 0);
        }
        using var set = Open();
        set.Read("minimal/fgsm", 0, 1).ShouldBe(Image(1));
        set.Done("minimal/fgsm").ShouldBe(24);
    }

    [Theory]
    [InlineData("u8")]
    [InlineData("rows")]
    public void A_file_that_was_shortened_is_refused(string extension)
    {
        Fill();
        var file = _folder[$"training.minimal-fgsm.{extension}"];
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);
        Refused("is shorter than what was written");
    }

    [Fact]
    public void An_image_of_a_face_that_is_not_there_is_refused()
    {
        Fill();
        using var set = Open();
        set.Add("minimal/fgsm", 7, Image(1), 1);
        Should.Throw<InputException>(() => set.Face("minimal/fgsm", 1)).Message.ShouldContain("is damaged; delete its folder");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"Skipped":0,"Sources":{"clean":{"Done":24,"Count":-1}}}""")]
    [InlineData("""{"Skipped":-1,"Sources":{}}""")]
    [InlineData("""{"Skipped":0,"Sources":{"clean":null}}""")]
    public void A_damaged_record_is_refused(string json)
    {
        Fill();
        _folder.Write("training.json", json);
        Refused("is damaged");
    }

    [Fact]
    public void Two_cannot_write_at_once()
    {
        using var set = Open();
        Refused("cannot be written");
    }

    private AdversarialSet Open() => new(_folder.Root, "training", Size, Attacks);

    private void Fill()
    {
        using var set = Open();
        set.AddFace(Image(0), 0);
        set.Add("minimal/fgsm", 0, Image(1), 1);
        set.Commit(24, [AdversarialSet.Clean, "minimal/fgsm"], 0);
    }

    private void Refused(string message)
    {
        var error = Should.Throw<InputException>(() => Open().Dispose());
        error.Message.ShouldContain(message);
        error.Message.ShouldStartWith(_folder.Root);
        error.Message.ShouldNotContain("\n");
    }

    /// <summary>An image of 8 bits.</summary>
    private static float[] Image(int seed) => [.. Enumerable.Range(0, Size.Values).Select(i => (7 * i + 31 * seed) % 256 / 255f)];
}
