namespace Masquerade.Cli.Tests;

public sealed class FixtureTests
{
    /// <summary>
    /// Leaves a tiny network, its pictures and a pair list where MASQ_FIXTURE names a folder, for whoever wants to try the commands.
    /// </summary>
    [Fact]
    public void Writes_what_the_commands_can_be_tried_on()
    {
        var target = Environment.GetEnvironmentVariable("MASQ_FIXTURE");
        if (string.IsNullOrEmpty(target)) Assert.Skip("MASQ_FIXTURE is not set: nobody asked for the files");
        using var masq = new MasqRun();
        Directory.CreateDirectory(Path.Combine(target, "images"));
        foreach (var picture in Directory.GetFiles(masq["images"]))
            File.Copy(picture, Path.Combine(target, "images", Path.GetFileName(picture)), overwrite: true);
        foreach (var file in new[] { "tiny.onnx", "tiny.model.json" }) File.Copy(masq[file], Path.Combine(target, file), overwrite: true);
        File.WriteAllText(Path.Combine(target, "pairs.csv"), """
            probe,reference,same_person
            Ada_0001.png,Ada_0002.png,1
            Bob_0001.png,Bob_0002.png,1
            Cid_0001.png,Dee_0001.png,0
            Dee_0001.png,Eve_0002.png,0
            """);
        File.Exists(Path.Combine(target, "pairs.csv")).ShouldBeTrue();
    }
}
