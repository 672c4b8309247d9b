using System.IO.Compression;
using System.Runtime.CompilerServices;
using Masquerade.Evaluation.Ledger;
using Microsoft.Data.Sqlite;

namespace Masquerade.Cli.Tests;

/// <summary>
/// Ledgers that earlier versions of the program wrote are read, reported, and gone on with. They are in <c>OldLedgers</c>: of each version
/// one that is complete, one of the same run that was interrupted with Ctrl-C when 14 of its 34 chunks were done, and the table of the
/// complete one.
/// </summary>
/// <remarks>
/// They were made by the program as it was, in a folder <c>/old</c> with what is in <c>OldLedgers/inputs</c>: photographs, network and
/// pairs are those that <see cref="FixtureTests"/> writes, and the detector is of
/// <code>masq train detector --kind squeeze --model tiny.model.json --images people --aligned --attacks minimal/fgsm
/// --purifiers bits:4,median:3 --validation-people 2 --threads 1 --out squeeze.onnx</code>
/// where <c>people</c> has the same photographs in a folder a person. The runs are of
/// <code>masq run --model tiny.model.json --images images --pairs pairs.csv --aligned --attacks foolbox-v1/fgsm,minimal/deepfool,strong/fmn
/// --storage float,8bit --defenses median:3 --detectors squeeze.onnx --stack median:3,squeeze.onnx --clean-pairs 4 --batch 2 --threads 1
/// --out version3</code>
/// with the environment of <see cref="MasqProcess.RepeatableAsync"/>, and for version 4, which knows transfers, with
/// <c>--transfer-to other.model.json</c> besides. <c>run.db</c> was compressed by
/// <c>gzip -9 -n</c>.
/// </remarks>
public sealed class OldLedgerTests : IDisposable
{
    /// <summary>The machine that the tables were made on.</summary>
    private const string MadeOn = "made on Linux X64, AuthenticAMD 00b00f21 AVX2 AVX-512, 2 processors";

    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Theory]
    [InlineData("version3", 68)]
    [InlineData("version4", 156)]
    public async Task A_complete_one_is_read_and_reported(string version, int lines)
    {
        var run = Unpack(version, version);
        var before = File.ReadAllBytes(Path.Combine(run, "run.db"));
        using (var ledger = RunLedger.Read(run))
        {
            (ledger.Pairs.Count, ledger.Cells.Count, ledger.Rows.Count).ShouldBe((4, 17, 68));
            (ledger.Defenses.Count, ledger.CleanScores.Count, ledger.GradientChecks.Count).ShouldBe((3, 16, 12));
            (ledger.Transfers.Count, ledger.CleanTransfers.Count).ShouldBe(version == "version3" ? (0, 0) : (88, 8));
            ledger.Experiment.Stacks.Count.ShouldBe(1);
            ledger.Rows.Count(r => ledger.Adversarial(r) is not null).ShouldBeGreaterThan(44);
        }
        await MasqProcess.RepeatableAsync("report", run);
        // A report changes nothing in the ledger, and repeats its numbers as they are, on any machine.
        File.ReadAllBytes(Path.Combine(run, "run.db")).ShouldBe(before);
        ShouldBeTheTable(version, run, lines, MachineKind.Here);
        File.ReadAllText(Path.Combine(run, "report.html")).ShouldContain("squeeze");

        // There is nothing left to do, which is not the same as that it cannot be gone on with.
        await MasqProcess.RepeatableAsync("run", "--resume", run);
        ShouldBeTheTable(version, run, lines, MachineKind.Here);
    }

    [Theory]
    [InlineData("version3", 68)]
    [InlineData("version4", 156)]
    public async Task An_interrupted_one_is_gone_on_with(string version, int lines)
    {
        var run = Unpack($"{version}-stopped", version);
        using (var ledger = RunLedger.Read(run)) (ledger.Rows.Count, ledger.RowsPlanned).ShouldBe((28, 68));
        await MasqProcess.RepeatableAsync("run", "--resume", run);
        ShouldBeTheTable(version, run, lines, MadeOn);
        using var done = RunLedger.Read(run);
        (done.Rows.Count, done.CleanScores.Count).ShouldBe((68, 16));
    }

    private static void ShouldBeTheTable(string version, string run, int lines, string kind)
    {
        var table = File.ReadAllText(Path.Combine(Data, $"{version}.results.csv"));
        table.Split('\n').Length.ShouldBe(lines + 2);
        Golden.DifferencesOfTables(kind, table, File.ReadAllText(Path.Combine(run, "results.csv"))).ShouldBeEmpty();
    }

    /// <summary>Lays a run folder and what it works on where the ledger then says that it is.</summary>
    private string Unpack(string name, string run)
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Data, "inputs"), "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(_masq["old"], Path.GetRelativePath(Path.Combine(Data, "inputs"), file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        var (folder, path) = (_masq[$"old/{run}"], _masq[$"old/{run}/run.db"]);
        Directory.CreateDirectory(folder);
        using (var packed = new GZipStream(File.OpenRead(Path.Combine(Data, $"{name}.db.gz")), CompressionMode.Decompress))
        using (var file = File.Create(path)) packed.CopyTo(file);
        using var database = new SqliteConnection($"Data Source={path};Pooling=False");
        database.Open();
        using var command = database.CreateCommand();
        // Its settings have full paths, which are the only ones in it.
        command.CommandText = "UPDATE meta SET value = replace(value, '/old/', @folder) WHERE name = 'experiment'";
        command.Parameters.AddWithValue("@folder", _masq["old"] + "/");
        command.ExecuteNonQuery().ShouldBe(1);
        return folder;
    }

    private static string Data => Path.Combine(Path.GetDirectoryName(ThisFile())!, "OldLedgers");

    private static string ThisFile([CallerFilePath] string here = "") => here;
}
