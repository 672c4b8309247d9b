using System.Buffers.Binary;
using Masquerade.Networks.Native;

namespace Masquerade.Tests.Networks.Native;

/// <summary>On the bridge that the build fixed, and on what it was before.</summary>
public sealed class NativeFixTests : IDisposable
{
    private const string Version = "GLIBCXX_3.4.32";
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _bridge;

    public NativeFixTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the bridge is another file here, and needs no fix");
        _bridge = File.ReadAllBytes(NativeLibraries.Shipped("libLibTorchSharp.so")!);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void This_build_has_it()
    {
        var fix = NativeFix.Look()!;
        fix.Problem.ShouldBeNull();
        fix.InPlace.ShouldBeTrue();
        fix.Missing.ShouldBeFalse();
        fix.Weakened.ShouldBe([Version]);
        Path.GetFileName(fix.File).ShouldBe("libLibTorchSharp.so");
    }

    [Fact]
    public void Where_the_system_lacks_the_version_the_file_decides()
    {
        var older = Offers().Except([Version]).ToList();
        var without = NativeFix.Of(Unfixed(), older);
        (without.Needed, without.InPlace, without.Missing).ShouldBe((true, false, true));
        without.Lacking.ShouldBe([Version]);
        without.ToString().ShouldStartWith($"needed and missing: the system's libstdc++.so.6 lacks {Version}; ");
        var with = NativeFix.Of(_folder.Write("fixed.so", _bridge), older);
        (with.Needed, with.InPlace, with.Missing).ShouldBe((true, true, false));
    }

    [Fact]
    public void Where_the_system_has_the_version_nothing_is_needed()
    {
        var newer = Offers().Append(Version).ToList();
        var without = NativeFix.Of(Unfixed(), newer);
        (without.Needed, without.InPlace, without.Missing).ShouldBe((false, false, false));
        without.ToString().ShouldStartWith("not needed: ");
    }

    [Fact]
    public void A_damaged_library_is_an_input_error()
    {
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            var bytes = i % 3 == 0 ? _bridge[..random.Next(1, _bridge.Length)] : [.. _bridge];
            // The header and the sections' table tell where everything is.
            var table = (int)BinaryPrimitives.ReadInt64LittleEndian(_bridge.AsSpan(0x28));
            for (var k = 0; k < 20 && bytes.Length == _bridge.Length; k++)
                bytes[random.Next(2) == 0 ? random.Next(6, 64) : random.Next(table, bytes.Length)] = (byte)random.Next(256);
            var path = _folder.Write("damaged.so", bytes);
            try
            {
                ElfVersions.Read(path);
            }
            catch (InputException e)
            {
                e.Message.ShouldStartWith(path);
            }
        }
    }

    [Fact]
    public void A_library_that_is_not_there_or_is_none_is_named()
    {
        NativeLibraries.Problem("libnothing.so").ShouldBe("libnothing.so is not among the program's files; install it again");
        NativeLibraries.Problem("libonnxruntime.so").ShouldBeNull();
        var error = Should.Throw<InputException>(() => ElfVersions.Read(_folder.Write("text.so", "text")));
        error.Message.ShouldEndWith("text.so: is not a 64-bit ELF file");
    }

    /// <summary>What the system's library would have to offer: all that the bridge asks for.</summary>
    private List<string> Offers()
    {
        var needs = ElfVersions.Read(_folder.Write("fixed.so", _bridge)).Needs;
        return [.. needs.Where(n => n.Library == "libstdc++.so.6").Select(n => n.Name)];
    }

    /// <summary>The bridge as its package has it: the version's entry (its hash comes first) without the flag.</summary>
    private string Unfixed()
    {
        Span<byte> entry = stackalloc byte[6];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, ElfHash(Version));
        BinaryPrimitives.WriteUInt16LittleEndian(entry[4..], 2);
        byte[] bytes = [.. _bridge];
        var at = bytes.AsSpan().IndexOf(entry);
        at.ShouldBeGreaterThan(0);
        bytes[at + 4] = 0;
        return _folder.Write("unfixed.so", bytes);
    }

    private static uint ElfHash(string name)
    {
        uint hash = 0;
        foreach (var c in name)
        {
            hash = (hash << 4) + c;
            var top = hash & 0xf0000000;
            hash = (hash ^ (top >> 24)) & ~top;
        }
        return hash;
    }
}
