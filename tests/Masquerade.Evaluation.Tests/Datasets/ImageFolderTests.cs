using Masquerade.Evaluation.Datasets;

namespace Masquerade.Evaluation.Tests.Datasets;

public class ImageFolderTests
{
    [Fact]
    public void A_name_is_looked_for_as_written_and_then_in_its_persons_folder()
    {
        using var temporary = new TemporaryFolder();
        string[] files = ["flat.png", "Ann_Lee/Ann_Lee_0001.jpg", "Ann_Lee_0002.jpg", "Ann_Lee/Ann_Lee_0002.jpg", "bob/1.JPG",
            "J._R._Moe/J._R._Moe_0001.webp"];
        foreach (var file in files) temporary.Write(file, "x");
        var folder = new ImageFolder(temporary.Root);
        Find("flat.png").ShouldBe("flat.png");
        Find("Ann_Lee/Ann_Lee_0001.jpg").ShouldBe("Ann_Lee/Ann_Lee_0001.jpg");
        Find(@"Ann_Lee\Ann_Lee_0001.jpg").ShouldBe("Ann_Lee/Ann_Lee_0001.jpg");
        Find("Ann_Lee_0001.jpg").ShouldBe("Ann_Lee/Ann_Lee_0001.jpg");
        Find("Ann_Lee_0002.jpg").ShouldBe("Ann_Lee_0002.jpg");
        // Without an extension any known one will do; with one, only that, or the crop of the photograph.
        Find("flat").ShouldBe("flat.png");
        Find("Ann_Lee_0001").ShouldBe("Ann_Lee/Ann_Lee_0001.jpg");
        Find("J._R._Moe_0001").ShouldBe("J._R._Moe/J._R._Moe_0001.webp");
        Find("bob/1").ShouldBe("bob/1.JPG");
        Find("Ann_Lee_0001.png").ShouldBeNull();
        Find("flat.jpg").ShouldBe("flat.png");
        Find("Ann_Lee_0003.jpg").ShouldBeNull();
        Find("Ann_Lee").ShouldBeNull();
        // A photograph that is added later is found.
        temporary.Write("Ann_Lee/Ann_Lee_0003.jpg", "x");
        Find("Ann_Lee_0003.jpg").ShouldBe("Ann_Lee/Ann_Lee_0003.jpg");

        string? Find(string name) => folder.Find(name) is { } path ? Path.GetRelativePath(temporary.Root, path).Replace('\\', '/') : null;
    }

    [Theory]
    [InlineData("../secret.jpg")]
    [InlineData("a/../../secret.jpg")]
    [InlineData(@"..\secret.jpg")]
    [InlineData("/etc/passwd")]
    [InlineData(@"C:\secret.jpg")]
    [InlineData(@"\\server\share\secret.jpg")]
    [InlineData("a\0.jpg")]
    [InlineData("..")]
    public void No_name_leads_out_of_the_folder(string name)
    {
        using var temporary = new TemporaryFolder();
        temporary.Write("secret.jpg", "x");
        Directory.CreateDirectory(temporary["images/a"]);
        var folder = new ImageFolder(temporary["images"]);
        Should.Throw<InputException>(() => folder.Find(name)).Message.ShouldContain("leads out of the images folder");
    }

    [Fact]
    public void A_dot_within_a_name_is_no_way_out()
    {
        using var temporary = new TemporaryFolder();
        temporary.Write("a..b.jpg", "x");
        new ImageFolder(temporary.Root).Find("a..b.jpg").ShouldBe(temporary["a..b.jpg"]);
        Should.Throw<InputException>(() => new ImageFolder(temporary.Root).Find(" ")).Message.ShouldContain("empty name");
    }

    [Fact]
    public void A_folder_that_is_none_is_named()
    {
        using var temporary = new TemporaryFolder();
        Should.Throw<InputException>(() => new ImageFolder(temporary["missing"])).Message.ShouldContain("missing: no such folder");
        Should.Throw<InputException>(() => new ImageFolder(temporary.Write("file", "x"))).Message.ShouldContain("file: is a file");
        Should.Throw<InputException>(() => new ImageFolder("")).Message.ShouldContain("no such folder");
    }
}
