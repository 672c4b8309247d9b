using System.Buffers.Binary;
using System.Formats.Tar;
using System.Text;
using Masquerade.Evaluation.Assets;
using Masquerade.Evaluation.Assets.Archives;

namespace Masquerade.Evaluation.Tests.Assets;

/// <summary>
/// What comes out of an archive, and what never does. Every case runs as a <c>.tgz</c> and as a <c>.zip</c> where both can have it.
/// </summary>
public sealed class ArchiveUnpackerTests : IDisposable
{
    private static readonly UnpackLimits Limits = new(Bytes: 1_000_000, Files: 20);

    private readonly TemporaryFolder _folder = new();

    public ArchiveUnpackerTests()
    {
        Directory.CreateDirectory(_folder["in/out"]);
        _folder.Write("in/secret", "untouched");
    }

    private string Out => _folder["in/out"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_and_folders_come_out()
    {
        var large = StandIn.Bytes(300_000);
        long unpacked = 0;
        Unpack(
            TestArchive.Tgz(
                TestArchive.Folder("./lfw/"), TestArchive.File("lfw/Ada/Ada_0001.jpg", large),
                TestArchive.File("./lfw//Bob/Bob_0001.jpg", "b"),
                new PaxGlobalExtendedAttributesTarEntry(new Dictionary<string, string> { ["comment"] = "none" }),
                TestArchive.Folder("lfw/empty"), TestArchive.File("lfw/nothing", "")),
            told: bytes => unpacked += bytes);
        Files().ShouldBe(["lfw/Ada/Ada_0001.jpg", "lfw/Bob/Bob_0001.jpg", "lfw/nothing"]);
        File.ReadAllBytes(Path.Combine(Out, "lfw/Ada/Ada_0001.jpg")).AsSpan().SequenceEqual(large).ShouldBeTrue();
        File.ReadAllText(Path.Combine(Out, "lfw/Bob/Bob_0001.jpg")).ShouldBe("b");
        Directory.Exists(Path.Combine(Out, "lfw/empty")).ShouldBeTrue();
        unpacked.ShouldBe(300_001);
    }

    [Fact]
    public void A_zip_comes_out_too()
    {
        Unpack(TestArchive.Zip(("a/", []), ("a/b/c.txt", "c"u8.ToArray()), ("d.txt", [])));
        Files().ShouldBe(["a/b/c.txt", "d.txt"]);
        File.ReadAllText(Path.Combine(Out, "a/b/c.txt")).ShouldBe("c");
    }

    public static TheoryData<string, string> BadNames => new()
    {
        { "../secret", "leads out of the folder" },
        { "a/../../secret", "leads out of the folder" },
        { "a/..", "leads out of the folder" },
        { "/tmp/masquerade-secret", "is an absolute path" },
        { "//server/share/x", "is an absolute path" },
        { @"\x", "is an absolute path" },
        { "C:/x", "has a drive letter" },
        { @"c:\x", "has a drive letter" },
        { @"..\secret", "is no file name on every platform" },
        { @"a\b", "is no file name on every platform" },
        { "a/b:stream", "is no file name on every platform" },
        { "nul", "is no file name on every platform" },
        { "a/COM1.jpg", "is no file name on every platform" },
        { "aux .txt", "is no file name on every platform" },
        { "a./b", "is no file name on every platform" },
        { "b ", "is no file name on every platform" },
        { "a\tb", "is no file name on every platform" },
        { "what?", "is no file name on every platform" },
        { new string('n', 201), "is no file name on every platform" },
        { new string('n', 450), "is too long" },
        { string.Concat(Enumerable.Repeat("d/", 220)) + "x", "is too long" },
        { "./.", "names no file" },
    };

    [Theory]
    [MemberData(nameof(BadNames))]
    public void A_bad_name_is_refused_and_nothing_is_written_outside(string name, string why)
    {
        Refused(TestArchive.Tgz(TestArchive.File("ok", "ok"), TestArchive.File(name))).ShouldContain(why);
        Refused(TestArchive.Zip(("ok2", []), (name, "x"u8.ToArray()))).ShouldContain(why);
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a/b.jpg", "A/B.jpg")]
    [InlineData("a/b.jpg", "a/B.JPG")]
    [InlineData("a", "A/b")]
    [InlineData("a/b", "a")]
    [InlineData("a/b", "A")]
    [InlineData("a/b", "A/c")]
    [InlineData("x/../a", "a")]
    public void What_would_be_one_file_on_some_platform_is_refused(string first, string second)
    {
        Refused(TestArchive.Tgz(TestArchive.File(first), TestArchive.File(second))).ShouldContain("not unpacked: the name '");
        Directory.Delete(Out, recursive: true);
        Directory.CreateDirectory(Out);
        Refused(TestArchive.Zip((first, [1]), (second, [2]))).ShouldContain("not unpacked: the name '");
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink, "../secret")]
    [InlineData(TarEntryType.SymbolicLink, "ok")]
    [InlineData(TarEntryType.HardLink, "../secret")]
    [InlineData(TarEntryType.HardLink, "ok")]
    public void A_link_is_refused(TarEntryType type, string target)
    {
        // And what would be written through it.
        var archive = TestArchive.Tgz(TestArchive.File("ok"), TestArchive.Link(type, "link", target), TestArchive.File("link/x"));
        Refused(archive).ShouldContain($"'link' is a {type}, neither a file nor a folder");
        Files().ShouldBe(["ok"]);
    }

    [Theory]
    [InlineData(TarEntryType.Fifo)]
    [InlineData(TarEntryType.CharacterDevice)]
    [InlineData(TarEntryType.BlockDevice)]
    public void A_device_is_refused(TarEntryType type) =>
        Refused(TestArchive.Tgz(new PaxTarEntry(type, "device"))).ShouldContain($"'device' is a {type}, neither a file nor a folder");

    [Theory]
    [InlineData(0xA1FF)]
    [InlineData(0x21B6)]
    [InlineData(0x11B6)]
    public void A_link_or_a_device_in_a_zip_is_refused(int mode) =>
        Refused(TestArchive.Zip(mode, ("link", "../secret"u8.ToArray()))).ShouldContain("'link' is neither a file nor a folder");

    [Fact]
    public void A_link_that_lies_in_the_folder_is_not_written_through()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights there");
        File.CreateSymbolicLink(Path.Combine(Out, "a"), _folder["in/secret"]);
        Refused(TestArchive.Tgz(TestArchive.File("a", "overwritten"))).ShouldContain("cannot be written");
    }

    [Fact]
    public void Too_many_bytes_are_refused_while_they_come()
    {
        // Nothing compresses here, so that the number alone is too large.
        var content = StandIn.Bytes(600_000);
        Refused(TestArchive.Tgz(TestArchive.File("a", content), TestArchive.File("b", content)))
            .ShouldContain("not unpacked: more than 1,000,000 bytes come out of it");
        Refused(TestArchive.Zip(("c", content), ("d", content))).ShouldContain("not unpacked: more than 1,000,000 bytes come out of it");
        Directory.GetFiles(Out).Sum(f => new FileInfo(f).Length).ShouldBeLessThan(2 * 1_000_000);
    }

    [Fact]
    public void What_swells_too_much_is_refused_while_it_comes()
    {
        var zeros = new byte[900_000];
        const string message = "not unpacked: more than 100 bytes come out of each of its own";
        Refused(TestArchive.Tgz(TestArchive.File("a", zeros))).ShouldContain(message);
        Refused(TestArchive.Zip(("b", zeros))).ShouldContain(message);
        Directory.GetFiles(Out).Sum(f => new FileInfo(f).Length).ShouldBeLessThan(1_000_000);
    }

    [Fact]
    public void Too_many_files_are_refused()
    {
        var folders = Enumerable.Range(0, 21).Select(i => $"f{i}/").ToArray();
        Refused(TestArchive.Tgz([.. folders.Select(TestArchive.Folder)])).ShouldContain("more than 20 files and folders come out of it");
        Refused(TestArchive.Zip([.. folders.Select(f => ("z" + f, Array.Empty<byte>()))])).ShouldContain("more than 20 files and folders");
    }

    [Fact]
    public void A_zip_that_says_too_little_of_its_sizes_brings_no_more_than_it_says()
    {
        var bytes = TestArchive.Zip(("a", new byte[900_000]));
        // The central directory's uncompressed size.
        var central = bytes.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(central + 24), 1);
        Unpack(bytes);
        new FileInfo(Path.Combine(Out, "a")).Length.ShouldBe(1);
    }

    [Fact]
    public void Whatever_is_cut_or_changed_is_an_error_in_one_line_or_unpacks()
    {
        var whole = TestArchive.Tgz([.. Enumerable.Range(0, 10).Select(i => TestArchive.File($"folder/{i}", StandIn.Bytes(900, i)))]);
        var zip = TestArchive.Zip([.. Enumerable.Range(0, 10).Select(i => ($"folder/{i}", StandIn.Bytes(900, i)))]);
        var random = new Random(1);
        for (var trial = 0; trial < 400; trial++)
        {
            var bytes = (trial % 2 == 0 ? whole : zip).ToArray();
            if (trial % 4 < 2) bytes = bytes[..random.Next(bytes.Length)];
            else for (var i = 0; i <= trial % 3; i++) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Directory.Delete(Out, recursive: true);
            Directory.CreateDirectory(Out);
            try
            {
                Unpack(bytes);
            }
            catch (InputException e)
            {
                e.Message.ShouldNotContain('\n');
            }
        }
        NothingOutside();
    }

    [Theory]
    [InlineData("")]
    [InlineData("text")]
    [InlineData("PK")]
    [InlineData("\u001f")]
    public void Something_else_is_no_archive(string text) =>
        Refused(Encoding.Latin1.GetBytes(text)).ShouldContain("cannot be unpacked, it is damaged or no archive");

    [Fact]
    public void It_can_be_ended()
    {
        using var cancellation = new CancellationTokenSource();
        var archive = _folder.Write("archive", TestArchive.Tgz(TestArchive.File("a", StandIn.Bytes(600_000))));
        Should.Throw<OperationCanceledException>(() =>
            ArchiveUnpacker.Unpack(archive, Out, Limits, _ => cancellation.Cancel(), cancellation.Token));
    }

    [Fact]
    public void Single_files_are_taken_out_wherever_they_are()
    {
        var (a, b) = (StandIn.Bytes(1000, 1), StandIn.Bytes(2000, 2));
        var archive = _folder.Write("archive", TestArchive.Zip(("../evil", [1]), ("pack/b.onnx", b), ("a.onnx", a), ("pack/a.onnx", b)));
        AssetMember[] members = [StandIn.Member("a.onnx", a), StandIn.Member("b.onnx", b)];
        ArchiveUnpacker.Take(archive, members, Out, null, TestContext.Current.CancellationToken);
        Files().ShouldBe(["a.onnx", "b.onnx"]);
        File.ReadAllBytes(Path.Combine(Out, "b.onnx")).ShouldBe(b);
        NothingOutside();
    }

    [Theory]
    [InlineData("c.onnx", 1000, "has no c.onnx in it")]
    [InlineData("a.onnx", 900, "more than 900 bytes come out of it")]
    [InlineData("a.onnx", 1100, "its a.onnx is another file than the catalog's")]
    public void A_member_must_be_the_one_that_is_meant(string name, int bytes, string message)
    {
        var archive = _folder.Write("archive", TestArchive.Zip(("a.onnx", StandIn.Bytes(1000))));
        var member = StandIn.Member(name, StandIn.Bytes(bytes, 5));
        Should.Throw<InputException>(() => ArchiveUnpacker.Take(archive, [member], Out, null, TestContext.Current.CancellationToken))
            .Message.ShouldContain(message);
    }

    private void Unpack(byte[] bytes, Action<long>? told = null) =>
        ArchiveUnpacker.Unpack(_folder.Write("archive", bytes), Out, Limits, told, TestContext.Current.CancellationToken);

    private string Refused(byte[] bytes)
    {
        var message = Should.Throw<InputException>(() => Unpack(bytes)).Message;
        message.ShouldStartWith(_folder[""]);
        message.ShouldNotContain('\n');
        NothingOutside();
        return message;
    }

    private void NothingOutside()
    {
        File.ReadAllText(_folder["in/secret"]).ShouldBe("untouched");
        Directory.GetFileSystemEntries(_folder["in"]).Select(Path.GetFileName).Order().ShouldBe(["out", "secret"]);
        Directory.GetFileSystemEntries(_folder.Root).Select(Path.GetFileName).Order().ShouldBe(["archive", "in"]);
        File.Exists("/tmp/masquerade-secret").ShouldBeFalse();
    }

    private string[] Files() => [.. Directory.GetFiles(Out, "*", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(Out, f).Replace('\\', '/')).Order(StringComparer.Ordinal)];
}
