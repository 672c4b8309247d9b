
namespace Masquerade.Tests;

public sealed class OutputFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_is_written_over_what_was_there_and_nothing_else_is_left()
    {
        OutputFile.Write(_folder["a.json"], "a long first text"u8);
        OutputFile.Write(_folder["a.json"], "second"u8);
        File.ReadAllText(_folder["a.json"]).ShouldBe("second");
        Directory.GetFileSystemEntries(_folder[""]).ShouldBe([_folder["a.json"]]);
    }

    [Fact]
    public void What_cannot_be_written_is_named()
    {
        Directory.CreateDirectory(_folder["folder"]);
        Should.Throw<InputException>(() => OutputFile.Write(_folder["folder"], "x"u8)).Message.ShouldContain("is a folder");
        Should.Throw<InputException>(() => OutputFile.Write(_folder["none/a.json"], "x"u8)).Message.ShouldContain("there is no folder");
        Should.Throw<InputException>(() => OutputFile.Write(" ", "x"u8)).Message.ShouldContain("an empty path");
        var tooLong = _folder[new string('n', 300)];
        Should.Throw<InputException>(() => OutputFile.Write(tooLong, "x"u8)).Message.ShouldContain("cannot be written");
        Directory.GetFiles(_folder[""]).ShouldBeEmpty();
    }

    [Fact]
    public void A_device_is_written_to_and_stays_a_device()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full here");
        OutputFile.Write("/dev/null", "x"u8);
        new FileInfo("/dev/null").Length.ShouldBe(0);
        Should.Throw<InputException>(() => OutputFile.Write("/dev/full", "x"u8)).Message.ShouldContain("/dev/full: cannot be written");
    }
}
