namespace Masquerade.Cli.Tests;

public sealed class GoldenTests
{
    private const string Table = "pair,attack,l2,seconds,pixels_sha256\n\"a,b\",fgsm,0.7497766292617849,1.5,0f\nc,fgsm,,2,1f\n";

    [Theory]
    [InlineData("0.7497766292617849", "0.7497766292617849", 0, 0)]
    [InlineData("0.7497766292617849", "0.7497766292617850", 1, 0)]
    [InlineData("0.7497766292617849", "0.7543", 1, 0)]
    [InlineData("0.7497766292617849", "0.7613", 1, 1)]
    [InlineData("0.7497766292617849", "", 1, 1)]
    [InlineData("fgsm", "deepfool", 2, 2)]
    [InlineData("a,b", "a,c", 1, 1)]
    [InlineData("1.5", "17", 0, 0)]
    [InlineData("0f", "2f", 1, 0)]
    [InlineData("c,fgsm,,2,1f\n", "", 1, 1)]
    [InlineData("l2", "norm", 2, 2)]
    public void A_difference_is_seen(string before, string now, int here, int elsewhere)
    {
        var changed = Table.Replace(before, now, StringComparison.Ordinal);
        Golden.DifferencesOfTables(MachineKind.Here, Table, changed).Count.ShouldBe(here);
        Golden.DifferencesOfTables("made on another", Table, changed).Count.ShouldBe(elsewhere);
    }

    [Fact]
    public void A_column_that_came_later_is_none()
    {
        var longer = string.Concat(Table.TrimEnd('\n').Split('\n').Select((line, i) => i == 0 ? line + ",way\n" : line + ",x\n"));
        Golden.DifferencesOfTables(MachineKind.Here, Table, longer).ShouldBeEmpty();
    }
}
