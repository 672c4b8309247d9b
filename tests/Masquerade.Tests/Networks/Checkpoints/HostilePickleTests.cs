using Masquerade.Networks.Checkpoints.Pickle;
using Op = Masquerade.Networks.Checkpoints.Pickle.PickleOpcode;

namespace Masquerade.Tests.Networks.Checkpoints;

/// <summary>Pickles that run nothing but are damaged, contradict themselves, or would take memory and time without end.</summary>
public sealed class HostilePickleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static readonly TestTensor Four = TestTensor.Floats([4], 1, 2, 3, 4);

    private static readonly Dictionary<string, (string Expected, Func<Pickler, Pickler> Write)> Cases = new()
    {
        ["a storage of 2^60 elements"] = ("claims 1152921504606846976 elements", p => p.Storage("0", "FloatStorage", 1L << 60)),
        ["a storage of 2^62 elements of 8 bytes"] = ("claims", p => p.Storage("0", "DoubleStorage", 1L << 62)),
        ["a storage of -1 elements"] = ("claims -1", p => p.Storage("0", "FloatStorage", -1)),
        ["storages that together exceed the file"] = ("claims 60 elements",
            p => Enumerable.Range(0, 100).Aggregate(p, (all, i) => all.Storage($"{i}", "FloatStorage", 60))),
        ["a storage of two types"] = ("two types or sizes", p => p.Storage("0", "FloatStorage", 4).Storage("0", "IntStorage", 4)),
        ["a storage of two sizes"] = ("two types or sizes", p => p.Storage("0", "FloatStorage", 4).Storage("0", "FloatStorage", 3)),
        ["an offset behind the storage"] = ("reaches element 4 of a storage of 4",
            p => p.Tensor(Four with { Shape = [1], Offset = 4 }, "0")),
        ["a stride beyond the storage"] = ("reaches element 6", p => p.Tensor(Four with { Strides = [2] }, "0")),
        ["a stride whose product overflows"] = ("reaches element", p => p.Tensor(Four with { Shape = [3], Strides = [1L << 62] }, "0")),
        ["an offset that overflows"] = ("reaches element", p => p.Tensor(Four with { Offset = long.MaxValue }, "0")),
        ["a negative offset"] = ("negative", p => p.Tensor(Four with { Offset = -1 }, "0")),
        ["a negative stride"] = ("negative", p => p.Tensor(Four with { Strides = [-1] }, "0")),
        ["a negative size"] = ("impossible or too large", p => p.Tensor(Four with { Shape = [-1] }, "0")),
        ["a shape that overflows"] = ("impossible or too large",
            p => p.Tensor(Four with { Shape = [1L << 32, 1L << 32], Strides = [0, 0] }, "0")),
        ["an empty shape that overflows"] = ("impossible or too large",
            p => p.Tensor(Four with { Shape = [0, 1L << 40, 1L << 40], Strides = [1, 1, 1] }, "0")),
        ["65 dimensions"] = ("65 dimensions",
            p => p.Tensor(Four with { Shape = [.. Enumerable.Repeat(1L, 65)], Strides = [.. Enumerable.Repeat(1L, 65)] }, "0")),
        ["more strides than sizes"] = ("missing strides", p => p.Tensor(Four with { Strides = [1, 1] }, "0")),
        ["one element spread to gigabytes"] = ("larger than the 2 GiB", p => p.Tensor(Four with { Shape = [1 << 30], Strides = [0] }, "0")),
        ["one element spread to megabytes"] = ("far more memory",
            p => p.Op(Op.EmptyDict).Text("w").Tensor(Four with { Shape = [1 << 20], Strides = [0] }, "0").Op(Op.SetItem)),
        ["many copies of a spread element"] = ("far more memory", p => Enumerable.Range(0, 100).Aggregate(
            p.Op(Op.EmptyDict).Mark(),
            (all, i) => all.Text($"{i}").Tensor(Four with { Shape = [1 << 14], Strides = [0] }, "0")).Op(Op.SetItems)),
        ["a key twice"] = ("'w' occurs twice",
            p => p.Op(Op.EmptyDict).Mark().Text("w").Tensor(Four, "0").Text("w").Tensor(Four, "0").Op(Op.SetItems)),
        ["two ways to one name"] = ("two tensors are named 'a.b'", p => p.Op(Op.EmptyDict).Mark().Text("a.b").Tensor(Four, "0")
            .Text("a").Op(Op.EmptyDict).Text("b").Tensor(Four, "0").Op(Op.SetItem).Op(Op.SetItems)),
        ["a tuple as a key"] = ("neither text nor a whole number", p => p.Op(Op.EmptyDict).Op(Op.EmptyTuple).Int(1).Op(Op.SetItem)),
        ["a dictionary in itself"] = ("contain themselves",
            p => p.Op(Op.EmptyDict).Op(Op.Memoize).Text("a").Op(Op.BinGet).Raw(0).Op(Op.SetItem)),
        ["a list in itself, twice"] = ("contain themselves", p => p.Op(Op.EmptyDict).Text("a").Op(Op.EmptyList).Op(Op.Memoize)
            .Op(Op.BinGet).Raw(0).Op(Op.Append).Op(Op.BinGet).Raw(0).Op(Op.Append).Op(Op.SetItem)),
        ["30 doublings"] = ("contain themselves", p => Enumerable.Range(0, 30).Aggregate(
            p.Op(Op.EmptyDict).Text("a").Mark().Op(Op.EmptyList).Op(Op.Memoize),
            (all, i) => all.Op(Op.EmptyList).Op(Op.Memoize).Mark().Op(Op.BinGet).Raw((byte)i).Op(Op.BinGet).Raw((byte)i).Op(Op.Appends))
            .Op(Op.Tuple).Op(Op.SetItem)),
        ["a name without end"] = ("endless names", p => p.Op(Op.EmptyDict).Text(new string('n', 600)).Tensor(Four, "0").Op(Op.SetItem)),
        ["depth without end"] = ("nested too deeply", p => Enumerable.Range(0, 5000).Aggregate(
            p.Op(Op.EmptyDict).Text("a").Op(Op.EmptyList), (all, _) => all.Op(Op.Tuple1)).Op(Op.SetItem)),
        ["instructions without end"] = ("more than 2000000 instructions",
            p => Enumerable.Range(0, 1_000_001).Aggregate(p, (all, _) => all.Mark().Op(Op.Tuple))),
        ["text longer than the file"] = ("more bytes are needed", p => p.Op(Op.BinUnicode).Int32(-1)),
        ["text of 2^62 bytes"] = ("more bytes are needed", p => p.Op(Op.BinUnicode8).Int64(1L << 62)),
        ["text of -1 bytes"] = ("more bytes are needed", p => p.Op(Op.BinBytes8).Int64(-1)),
        ["text that is not UTF-8"] = ("not UTF-8", p => p.Raw((byte)Op.ShortBinUnicode, 2, 0xc3, 0x28)),
        ["an endless line"] = ("endless line", p => p.Op(Op.Global).Raw(new byte[2000])),
        ["an empty stack"] = ("malformed at the instruction Tuple2", p => p.Int(1).Op(Op.Tuple2)),
        ["a mark that is not there"] = ("malformed at the instruction Tuple", p => p.Int(1).Op(Op.Tuple)),
        ["reaching below a mark"] = ("malformed at the instruction Append", p => p.Op(Op.EmptyList).Mark().Int(1).Op(Op.Append)),
        ["a memo that is not there"] = ("malformed at the instruction BinGet", p => p.Op(Op.BinGet).Raw(7)),
        ["a memo too far out"] = ("malformed at the instruction LongBinPut", p => p.Int(1).Op(Op.LongBinPut).Int32(-1)),
        ["half an item"] = ("malformed at the instruction SetItems", p => p.Op(Op.EmptyDict).Mark().Text("a").Op(Op.SetItems)),
        ["items of a list"] = ("malformed at the instruction SetItem", p => p.Op(Op.EmptyList).Text("a").Int(1).Op(Op.SetItem)),
        ["two values"] = ("malformed at the instruction Stop", p => p.Int(1).Int(1)),
        ["protocol 9"] = ("protocol 9", p => p.Proto(9)),
        ["no tensors"] = ("no dictionary of tensors", p => p.Op(Op.EmptyDict).Text("epoch").Int(1).Op(Op.SetItem)),
        ["a lone tensor"] = ("no dictionary of tensors", p => p.Tensor(Four, "0")),
        ["an array of records"] = ("record types", p => p
            .Global("numpy", "dtype").Text("V8").Op(Op.NewFalse).Op(Op.NewTrue).Op(Op.Tuple3).Op(Op.Reduce)
            .Mark().Int(3).Text("|").Op(Op.None).Ints([]).Op(Op.EmptyDict).Op(Op.Tuple).Op(Op.Build)),
        ["an array of too few bytes"] = ("comes with 1 elements", p => Array(p, "f4", [2], new byte[4])),
        ["an array of broken elements"] = ("cut short", p => Array(p, "f4", [1], new byte[3])),
        ["an array of 2^62 elements"] = ("impossible or too large", p => Array(p, "f4", [1L << 31, 1L << 31], [])),
        ["an array of complex numbers"] = ("'c8' is not read", p => Array(p, "c8", [1], new byte[8])),
    };

    public static TheoryData<string> Names => new(Cases.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void It_is_refused_at_no_cost(string name)
    {
        var (expected, write) = Cases[name];
        var pickle = write(new Pickler().Proto()).Stop();
        var path = _folder.Write("a.pt", CheckpointWriter.Zip([("archive/data.pkl", pickle), ("archive/data/0", Four.Storage)]));
        Refusal.OfCheckpoint(path, expected);
        var refersToIt = pickle.AsSpan().IndexOf("FloatStorage"u8) >= 0;
        Refusal.OfCheckpoint(_folder.Write("b.pt", CheckpointWriter.Legacy(pickle, refersToIt ? [("0", 4, Four.Storage)] : [])), expected);
    }

    // A pickled NumPy array, as NumPy writes it in protocol 3 and later.
    internal static Pickler Array(Pickler p, string code, long[] shape, byte[] data)
        => p.Global("numpy.core.multiarray", "_reconstruct").Global("numpy", "ndarray").Ints([0]).Text("b").Op(Op.Tuple3).Op(Op.Reduce)
            .Mark().Int(1).Ints(shape)
            .Global("numpy", "dtype").Text(code).Op(Op.NewFalse).Op(Op.NewTrue).Op(Op.Tuple3).Op(Op.Reduce)
            .Mark().Int(3).Text("<").Op(Op.None).Op(Op.None).Op(Op.None).Int(-1).Int(-1).Int(0).Op(Op.Tuple).Op(Op.Build)
            .Op(Op.NewFalse).Op(Op.BinBytes).Int32(data.Length).Raw(data).Op(Op.Tuple).Op(Op.Build);
}
