using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Masquerade.Evaluation.Remote.PlainHttp;

namespace Masquerade.Evaluation.Tests.Remote;

/// <summary>What docs/services.md shows can be used.</summary>
public partial class ServicesPageTests
{
    [Fact]
    public void Services_that_the_page_describes_can_be_read()
    {
        using var folder = new TemporaryFolder();
        var files = Yaml().Matches(Page()).Select(m => ServiceFileReader.Read(folder.Write("service.yaml", m.Groups[1].Value))).ToList();
        files.Select(f => f.Name).ShouldBe(["our-verifier", "lab"]);
        files[0].Keys.ShouldBe(["VERIFIER_KEY"]);
        files[0].Confidence(80)!.Value.ShouldBe(0.8, 1e-12);
        files[1].Confidence(1.1)!.Value.ShouldBe(0.725, 1e-12);
    }

    [Fact]
    public void The_page_has_every_field()
    {
        var page = Page();
        foreach (var field in ServiceFileReader.Names) page.ShouldContain($"`{field}`");
    }

    private static string Page([CallerFilePath] string here = "") =>
        File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "services.md"));

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Yaml();
}
