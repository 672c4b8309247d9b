using Masquerade.Networks.Checkpoints;
using Masquerade.Networks.Checkpoints.Pickle;
using Op = Masquerade.Networks.Checkpoints.Pickle.PickleOpcode;

namespace Masquerade.Tests.Networks.Checkpoints;

/// <summary>Pickles that would run something in Python are refused in every place that holds a pickle, and nothing runs.</summary>
public sealed class MaliciousPickleTests : IDisposable
{
    private const string Marker = "was-here";

    private readonly TemporaryFolder _folder = new();

    private static readonly Dictionary<string, (string Expected, Func<Pickler, string, Pickler> Write)> Attacks = new()
    {
        ["os.system by GLOBAL"] = ("'posix.system'", (p, command) => p.Global("posix", "system").Text(command).Op(Op.Tuple1).Op(Op.Reduce)),
        ["os.system by STACK_GLOBAL"] = ("'os.system'",
            (p, command) => p.Text("os").Text("system").Op(Op.StackGlobal).Text(command).Op(Op.Tuple1).Op(Op.Reduce)),
        ["eval"] = ("'builtins.eval'",
            (p, command) => p.Global("builtins", "eval").Text($"__import__('os').system('{command}')").Op(Op.Tuple1).Op(Op.Reduce)),
        ["eval of Python 2"] = ("'__builtin__.eval'",
            (p, command) => p.Global("__builtin__", "eval").Text(command).Op(Op.Tuple1).Op(Op.Reduce)),
        ["getattr on a listed module"] = ("'builtins.getattr'", (p, _) => p.Global("builtins", "getattr")),
        ["a dotted name under a listed class"] = ("'collections.OrderedDict.__init__.__globals__'",
            (p, _) => p.Text("collections").Text("OrderedDict.__init__.__globals__").Op(Op.StackGlobal)),
        ["a pickle within, by torch"] = ("'torch.storage._load_from_bytes'", (p, _) => p.Global("torch.storage", "_load_from_bytes")),
        ["a TorchScript class"] = ("'__torch__.Net'", (p, _) => p.Global("__torch__", "Net")),
        ["a name with line feeds and escapes"] = ("'os.a?b?[31m",
            (p, _) => p.Text("os").Text("a\nb\u001b[31m" + new string('x', 500)).Op(Op.StackGlobal)),
        ["INST"] = ("Inst", (p, command) => p.Mark().Text(command).Line(Op.Inst, "posix", "system")),
        ["OBJ"] = ("Obj", (p, _) => p.Mark().Global("torch", "FloatStorage").Op(Op.Obj)),
        ["NEWOBJ"] = ("NewObj", (p, _) => p.Global("torch", "FloatStorage").Op(Op.EmptyTuple).Op(Op.NewObj)),
        ["NEWOBJ_EX"] = ("NewObjEx", (p, _) => p.Global("torch", "FloatStorage").Op(Op.EmptyTuple).Op(Op.EmptyDict).Op(Op.NewObjEx)),
        ["EXT1"] = ("Ext1", (p, _) => p.Op(Op.Ext1).Raw(1)),
        ["PERSID"] = ("PersId", (p, _) => p.Line(Op.PersId, "storage")),
        ["NEXT_BUFFER"] = ("NextBuffer", (p, _) => p.Op(Op.NextBuffer)),
        ["an unknown instruction"] = ("0xff", (p, _) => p.Raw(0xff)),
        ["calling a storage class"] = ("'torch.FloatStorage'", (p, _) => p.Call("torch", "FloatStorage")),
        ["calling text"] = ("a String", (p, command) => p.Text("os.system").Text(command).Op(Op.Tuple1).Op(Op.Reduce)),
        ["calling nothing"] = ("None", (p, _) => p.Op(Op.None).Op(Op.EmptyTuple).Op(Op.Reduce)),
        ["calling without arguments"] = ("malformed", (p, _) => p.Global("collections", "OrderedDict").Int(1).Op(Op.Reduce)),
        ["__setstate__ on a class"] = ("'torch.FloatStorage'",
            (p, command) => p.Global("torch", "FloatStorage").Op(Op.EmptyDict).Text("__setstate__").Text(command).Op(Op.SetItem)
                .Op(Op.Build)),
        ["__setstate__ on a function"] = ("'collections.OrderedDict'",
            (p, _) => p.Global("collections", "OrderedDict").Op(Op.None).Op(Op.EmptyDict).Op(Op.Tuple2).Op(Op.Build)),
        ["state of a dictionary that is no dictionary"] = ("PickledDictionary",
            (p, _) => p.Call("collections", "OrderedDict").Text("x").Op(Op.Build)),
        ["state of a list"] = ("inner state", (p, _) => p.Op(Op.EmptyList).Op(Op.EmptyDict).Op(Op.Build)),
        ["an ordered dictionary of no pairs"] = ("not built as",
            (p, _) => p.Global("collections", "OrderedDict").Int(5).Op(Op.Tuple1).Op(Op.Reduce)),
        ["a tensor of a name"] = ("not built as",
            (p, _) => p.Global("torch._utils", "_rebuild_tensor_v2").Mark().Text("posix").Int(0).Ints([1]).Ints([1]).Op(Op.NewFalse)
                .Op(Op.None).Op(Op.Tuple).Op(Op.Reduce)),
        ["encode with a codec that runs"] = ("not built as",
            (p, _) => p.Global("_codecs", "encode").Text("x").Text("zlib").Op(Op.Tuple2).Op(Op.Reduce)),
        ["an array of another class"] = ("not built as",
            (p, _) => p.Global("numpy.core.multiarray", "_reconstruct").Global("collections", "OrderedDict").Int(0).Op(Op.Tuple1).Text("b")
                .Op(Op.Tuple3).Op(Op.Reduce)),
    };

    public static TheoryData<string> Names => new(Attacks.Keys);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void Nothing_runs(string name)
    {
        var (expected, write) = Attacks[name];
        var pickle = write(new Pickler().Proto(), $"touch {_folder[Marker]}").Stop();
        Refusal.OfCheckpoint(_folder.Write("object.pt", CheckpointWriter.Legacy(pickle, [])), expected);
        Refusal.OfCheckpoint(_folder.Write("zip.pt", CheckpointWriter.Zip([("archive/data.pkl", pickle)])), expected);
        Refusal.OfCheckpoint(_folder.Write("magic.pt", pickle), expected);
        const string header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }";
        Refusal.Of(path => NpyReader.ReadDictionary(path), _folder.Write("w.npy", CheckpointWriter.Npy(header, pickle)), expected);
        File.Exists(_folder[Marker]).ShouldBeFalse();
    }

    [Fact]
    public void The_message_says_that_nothing_ran_and_what_to_do()
    {
        var pickle = new Pickler().Proto().Global("posix", "system").Stop();
        var error = Refusal.OfCheckpoint(_folder.Write("evil.pt", CheckpointWriter.Legacy(pickle, [])), "nothing was run");
        error.Message.ShouldContain("Save only the weights");
    }

    [Fact]
    public void Facts_about_the_machine_and_the_list_of_storages_are_pickles_too()
    {
        var file = CheckpointWriter.Legacy([("w", TestTensor.Floats([1], 1))]);
        var evil = new Pickler().Proto().Global("posix", "system").Stop();
        var starts = Enumerable.Range(0, file.Length - 1).Where(i => file[i] == (byte)Op.Proto && file[i + 1] == 2).ToList();
        starts.Count.ShouldBe(5);
        foreach (var start in starts)
            Refusal.OfCheckpoint(_folder.Write("evil.pt", [.. file[..start], .. evil]), "'posix.system'");
    }

    private static readonly Dictionary<string, Func<Pickler, Pickler>> OddIds = new()
    {
        ["text"] = p => p.Text("storage"),
        ["a number"] = p => p.Int(3),
        ["an empty tuple"] = p => p.Op(Op.EmptyTuple),
        ["a module with its source"] =
            p => p.Mark().Text("module").Global("torch", "FloatStorage").Text("a").Text("import os").Op(Op.Tuple),
        ["a class given as text"] = p => p.Mark().Text("storage").Text("FloatStorage").Text("0").Text("cpu").Int(1).Op(Op.Tuple),
        ["a class that is none of storages"] =
            p => p.Mark().Text("storage").Global("collections", "OrderedDict").Text("0").Text("cpu").Int(1)
            .Op(Op.Tuple),
        ["no size"] = p => Storage(p).Op(Op.Tuple),
        ["a size in text"] = p => Storage(p).Text("1").Op(Op.Tuple),
        ["a view"] = p => Storage(p).Int(1).Ints([1, 0, 1]).Op(Op.Tuple),
        ["seven parts"] = p => Storage(p).Int(1).Op(Op.None).Op(Op.None).Op(Op.Tuple),
    };

    private static Pickler Storage(Pickler p) => p.Mark().Text("storage").Global("torch", "FloatStorage").Text("0").Text("cpu");

    public static TheoryData<string> OddIdNames => new(OddIds.Keys);

    [Theory]
    [MemberData(nameof(OddIdNames))]
    public void Odd_persistent_ids_are_refused(string name)
    {
        const string expected = "refers to an object outside itself";
        var pickle = OddIds[name](new Pickler().Proto()).Op(Op.BinPersId).Stop();
        Refusal.OfCheckpoint(_folder.Write("a.pt", CheckpointWriter.Legacy(pickle, [])), expected);
        Refusal.OfCheckpoint(_folder.Write("b.pt", CheckpointWriter.Zip([("archive/data.pkl", pickle)])), expected);
        const string header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }";
        Refusal.Of(path => NpyReader.ReadDictionary(path), _folder.Write("w.npy", CheckpointWriter.Npy(header, pickle)), "BinPersId");
    }
}
