using System.Text.RegularExpressions;
using Masquerade.Alignment;
using Masquerade.Evaluation.Assets;
using Masquerade.Models;

namespace Masquerade.Evaluation.Tests.Assets;

public sealed class AssetCatalogTests
{
    private static readonly AssetCatalog Catalog = AssetCatalog.BuiltIn;

    public static TheoryData<string> Names => [.. Catalog.All.Select(a => a.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void An_entry_says_all_there_is_to_say(string name)
    {
        var asset = Catalog.Require(name);
        name.ShouldMatch("^[a-z0-9]+(-[a-z0-9]+)*$");
        foreach (var text in new[] { asset.Purpose, asset.License, asset.Citation }) text.ShouldMatch(@"^\S.+[^.\s]$");
        asset.Downloads.ShouldNotBeEmpty();
        foreach (var file in asset.Downloads)
        {
            file.FileName.ShouldMatch(@"^[\w.-]+$");
            file.Sha256.ShouldMatch("^[0-9a-f]{64}$");
            file.Bytes.ShouldBePositive();
            file.Urls.ShouldNotBeEmpty();
            file.Urls.ShouldAllBe(u => u.StartsWith("https://", StringComparison.Ordinal));
            file.Urls.ShouldAllBe(u => Uri.IsWellFormedUriString(u, UriKind.Absolute));
            foreach (var member in file.Members) (Regex.IsMatch(member.Sha256, "^[0-9a-f]{64}$"), member.Bytes > 0).ShouldBe((true, true));
            // What is unpacked whole has a place that says whether it came.
            if (file.Unpack is not null) asset.Place.ShouldNotBeEmpty();
        }
        foreach (var companion in asset.Companions) Catalog.Find(companion).ShouldNotBeNull();
        (asset.Kind == AssetKind.Model).ShouldBe(asset.Models.Count > 0);
    }

    [Fact]
    public void Names_are_unique()
    {
        var names = Catalog.All.Select(a => a.Name).Concat(Catalog.ModelNames.Where(m => Catalog.All.All(a => a.Name != m))).ToList();
        names.ShouldBeUnique();
        Catalog.ModelNames.ShouldBeUnique();
        Catalog.ModelNames.ShouldBe(["facenet-vggface2", "facenet-vggface2-study-2019", "sface", "arcface-r50"]);
    }

    [Fact]
    public void Descriptors_are_of_the_files_that_come()
    {
        using var folder = new TemporaryFolder();
        foreach (var asset in Catalog.All)
        {
            foreach (var model in asset.Models)
            {
                var descriptor = ModelDescriptor.Read(folder.Write($"{model.Name}.model.json", model.Descriptor));
                descriptor.Name.ShouldBe(model.Name);
                var files = asset.Downloads.SelectMany(d => d.Members.Count > 0 ? d.Members : [new(d.FileName, d.Bytes, d.Sha256)]);
                files.ShouldContain(f => f.FileName == Path.GetFileName(descriptor.File) && f.Sha256 == descriptor.Sha256);
                AlignmentKinds.Parse(descriptor.Alignment).ShouldNotBe(AlignmentKind.None);
                descriptor.ThresholdSource.ShouldNotBeNull();
            }
        }
    }

    [Fact]
    public void The_study_feeds_the_network_with_values_from_0_to_1()
    {
        using var folder = new TemporaryFolder();
        var model = Catalog.Require("facenet-vggface2").Models.Single(m => m.Name == "facenet-vggface2-study-2019");
        var descriptor = ModelDescriptor.Read(folder.Write("m.model.json", model.Descriptor));
        (descriptor.Mean[0], descriptor.Std[0], descriptor.Threshold, descriptor.EmbeddingSize).ShouldBe((0f, 255f, 0.99, 512));
    }

    [Fact]
    public void Companions_come_along_once()
    {
        Catalog.WithCompanions(["lfw", "mtcnn", "lfw-pairs"]).Select(a => a.Name).ShouldBe(["lfw", "lfw-pairs", "mtcnn"]);
        Catalog.WithCompanions(["lfw-pairs", "lfw"]).Select(a => a.Name).ShouldBe(["lfw-pairs", "lfw"]);
        Catalog.WithCompanions(["facenet-vggface2-study-2019"]).Select(a => a.Name).ShouldBe(["facenet-vggface2"]);
    }

    [Theory]
    [InlineData("lwf", "lfw")]
    [InlineData("MTCNN", "mtcnn")]
    [InlineData("mtcn", "mtcnn")]
    [InlineData("facenet", "facenet-vggface2")]
    [InlineData("facnet", "facenet-vggface2")]
    [InlineData("arcface", "arcface-r50")]
    [InlineData("arcface-r5O", "arcface-r50")]
    [InlineData("lfw-pairs-dev", "lfw-pairs")]
    [InlineData("lfw_pairs_dev_test", "lfw-pairs-dev-test")]
    [InlineData("facenet-vggface2-study-2018", "facenet-vggface2-study-2019")]
    public void The_nearest_name_is_suggested(string typed, string meant)
    {
        var message = Should.Throw<InputException>(() => Catalog.Require(typed)).Message;
        message.ShouldStartWith($"'{typed}' is no known asset (known are facenet-vggface2, sface, ");
        message.ShouldEndWith($"); did you mean {meant}?");
    }

    [Theory]
    [InlineData("resnet")]
    [InlineData("")]
    [InlineData("x")]
    public void Another_word_is_no_mistyped_name(string typed) =>
        Should.Throw<InputException>(() => Catalog.Require(typed)).Message.ShouldEndWith("lfw-pairs-dev-test)");

    [Theory]
    [InlineData("", "abc", 3, 0)]
    [InlineData("kitten", "sitting", 3, 2)]
    [InlineData("ab", "ba", 1, 1)]
    [InlineData("abc", "abcdef", 3, 0)]
    [InlineData("same", "same", 0, 0)]
    public void Edits_are_counted(string text, string name, int whole, int beginning) =>
        NearestName.Edits(text, name).ShouldBe((whole, beginning));
}
