using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;

namespace Masquerade.Evaluation.Tests.Ledger;

public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_no_ledger_came_to_is_gone()
    {
        using (var taken = RunFolder.Take(_folder["a/b/c"]))
        {
            _folder.Write("a/b/c/faces/x/y.jpg", "x");
            taken.Room("other").ShouldBe(_folder["a/b/c/other"]);
            Should.Throw<InputException>(() => taken.Room("faces")).Message.ShouldContain("is there already; remove it");
        }
        // Only what it was asked for itself: the rest is somebody's.
        Directory.GetFiles(_folder["a"], "*", SearchOption.AllDirectories).ShouldBe([_folder["a/b/c/faces/x/y.jpg"]]);
        Directory.Delete(_folder["a"], recursive: true);

        using (var taken = RunFolder.Take(_folder["a/b/c"]))
        {
            taken.Room("faces");
            _folder.Write("a/b/c/faces/x/y.jpg", "x");
        }
        Directory.Exists(_folder["a"]).ShouldBeFalse();

        Directory.CreateDirectory(_folder["mine"]);
        RunFolder.Take(_folder["mine"]).Dispose();
        Directory.Exists(_folder["mine"]).ShouldBeTrue();
    }

    [Fact]
    public void A_folder_in_use_stays_as_it_is()
    {
        using var first = RunFolder.Take(_folder["run"]);
        Directory.CreateDirectory(first.Room("faces"));
        Should.Throw<InputException>(() => RunFolder.Take(_folder["run"])).Message.ShouldContain("another run works in this folder");
        Directory.Exists(_folder["run/faces"]).ShouldBeTrue();
        using var second = RunFolder.TakeFree(_folder["run"]);
        second.Path.ShouldBe(_folder["run-2"]);
    }

    [Fact]
    public void A_ledger_keeps_what_was_made()
    {
        using var tiny = new TinyRun(2);
        using var plan = ExperimentPlan.Open(tiny.Experiment());
        using (var taken = RunFolder.Take(_folder["run"]))
        {
            Directory.CreateDirectory(taken.Room("faces"));
            using var ledger = RunLedger.Create(taken, plan.Experiment, plan.Pairs, plan.Cells);
            Should.Throw<InputException>(() => RunFolder.Take(_folder["run"])).Message.ShouldContain("another run works in this folder");
            Should.Throw<InvalidOperationException>(taken.HandOver);
        }
        File.Exists(_folder["run/run.db"]).ShouldBeTrue();
        Directory.Exists(_folder["run/faces"]).ShouldBeTrue();
        Should.Throw<InputException>(() => RunFolder.Take(_folder["run"])).Message.ShouldContain("holds a run already");
    }
}
