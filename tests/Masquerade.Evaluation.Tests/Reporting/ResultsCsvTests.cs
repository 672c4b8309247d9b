using System.Globalization;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting.Csv;

namespace Masquerade.Evaluation.Tests.Reporting;

public sealed class ResultsCsvTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("masq-csv-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_file_is_the_one_that_was_looked_at() => Snapshot.Match(Write(FakeRun.Whole(8).Rows.Take(16)), "results.csv");

    [Fact]
    public void The_header_is_the_contract() => Write([]).ShouldBe(
        "pair,goal,attack,family,success,already_wrong,l2,linf,distance_before,distance_after,forwards,backwards,seconds,success_8bit," +
        "l2_8bit,ssim,model,threshold,storage,defense,knowledge,detector,target,status,reason," +
        "fooled_share,late_gain,score,refused,way,outcome,confidence_before,confidence_after\n");

    [Fact]
    public void Every_field_stands_in_its_column_and_reads_back()
    {
        var row = new AttackRow
        {
            Pair = "a,b|\"c\"",
            Goal = Masquerade.Attacks.AttackGoal.Impersonate,
            Attack = "at\r\ntack",
            Family = "fam",
            Success = true,
            AlreadyWrong = false,
            L2 = 0.1 + 0.2,
            Linf = 1e-20,
            DistanceBefore = 1.0 / 3,
            DistanceAfter = 4,
            Forwards = 12345678901,
            Backwards = 2,
            Seconds = 1e21,
            Success8Bit = false,
            L2After8Bit = null,
            Ssim = double.Epsilon,
            Model = "mod",
            Threshold = 1.42,
            Storage = "8bit",
            Defense = "def",
            Knowledge = "kno",
            Detector = "det",
            Status = "ok",
            Reason = "line\nbreak",
            FooledShare = 0.75,
            LateGain = 1.0 / 7,
            Score = 3.25,
            Refused = true,
        };
        var culture = CultureInfo.CurrentCulture;
        string text;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = ",", NegativeSign = "~" } };
            text = Write([row]);
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
        var lines = Parse(text);
        lines.Count.ShouldBe(2);
        var fields = lines[0].Zip(lines[1]).ToDictionary(f => f.First, f => f.Second);
        fields["pair"].ShouldBe(row.Pair);
        fields["goal"].ShouldBe("impersonation");
        fields["attack"].ShouldBe(row.Attack);
        fields["reason"].ShouldBe(row.Reason);
        (fields["success"], fields["already_wrong"], fields["success_8bit"], fields["l2_8bit"]).ShouldBe(("1", "0", "0", ""));
        (string Name, double? Value)[] numbers =
            [("l2", row.L2), ("linf", row.Linf), ("distance_before", row.DistanceBefore), ("seconds", row.Seconds), ("ssim", row.Ssim),
                ("fooled_share", row.FooledShare), ("late_gain", row.LateGain), ("score", row.Score)];
        foreach (var (name, value) in numbers)
            double.Parse(fields[name], CultureInfo.InvariantCulture).ShouldBe(value!.Value);
        (fields["forwards"], fields["backwards"], fields["refused"]).ShouldBe(("12345678901", "2", "1"));
        (fields["distance_after"], fields["threshold"]).ShouldBe(("4", "1.42"));
        string[] words = ["family", "model", "storage", "defense", "knowledge", "detector", "status"];
        string.Join(' ', words.Select(n => fields[n])).ShouldBe("fam mod 8bit def kno det ok");
    }

    [Fact]
    public void A_file_that_cannot_be_written_leaves_the_old_one_and_no_rubbish()
    {
        var path = Path.Combine(_folder, "results.csv");
        File.WriteAllText(path, "old");
        Should.Throw<FormatException>(() => ResultsCsv.Write(path, Broken()));
        File.ReadAllText(path).ShouldBe("old");
        Should.Throw<InputException>(() => ResultsCsv.Write(Path.Combine(_folder, "absent", "results.csv"), []))
            .Message.ShouldContain("results.csv: cannot be written");
        Should.Throw<InputException>(() => ResultsCsv.Write(_folder, [])).Message.ShouldContain(_folder);
        Directory.EnumerateFileSystemEntries(_folder).ShouldHaveSingleItem();
        Directory.EnumerateFiles(Path.GetDirectoryName(_folder)!, Path.GetFileName(_folder) + "*.tmp").ShouldBeEmpty();

        static IEnumerable<AttackRow> Broken()
        {
            foreach (var row in FakeRun.Whole().Rows) yield return row;
            throw new FormatException();
        }
    }

    private string Write(IEnumerable<AttackRow> rows)
    {
        var path = Path.Combine(_folder, "out.csv");
        ResultsCsv.Write(path, rows);
        return File.ReadAllText(path);
    }

    /// <summary>RFC 4180, as plainly as it can be written.</summary>
    private static List<List<string>> Parse(string text)
    {
        var lines = new List<List<string>> { new() { "" } };
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"') lines[^1][^1] += text[++i];
            else if (c == '"') quoted = !quoted;
            else if (!quoted && c == ',') lines[^1].Add("");
            else if (!quoted && c == '\n') lines.Add([""]);
            else lines[^1][^1] += c;
        }
        lines.RemoveAt(lines.Count - 1);
        return lines;
    }
}
