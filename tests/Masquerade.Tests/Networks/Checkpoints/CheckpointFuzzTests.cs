using CsCheck;
using Masquerade.Networks.Checkpoints;
using Masquerade.Networks.Checkpoints.Format;
using Masquerade.Networks.Checkpoints.Pickle;

namespace Masquerade.Tests.Networks.Checkpoints;

/// <summary>Damaged files are refused as bad input or read; nothing else happens, and little memory is taken.</summary>
public sealed class CheckpointFuzzTests : IDisposable
{
    private const int Rounds = 400;
    private const long Memory = 64 << 20;

    private static readonly (string, TestTensor)[] Tensors =
    [
        ("conv.weight", TestTensor.Floats([2, 2], 1, 2, 3, 4)),
        ("conv.bias", TestTensor.Floats([1], 5) with { Shape = [3], Strides = [0] }),
    ];

    private static readonly byte[] Npy = CheckpointWriter.Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", new byte[8]);

    private static readonly byte[] PickledNpy = CheckpointWriter.Npy("{'descr': '|O', 'fortran_order': False, 'shape': (), }",
        HostilePickleTests.Array(new Pickler().Proto().Op(PickleOpcode.EmptyDict).Text("w"), "f4", [1], new byte[4])
            .Op(PickleOpcode.SetItem).Stop());

    private static readonly byte[] Graph = FrozenGraph.Of(
        FrozenGraph.Floats("net/weights", [2, 2], 1, 2, 3, 4),
        FrozenGraph.Identity("net/weights/read", "net/weights"),
        FrozenGraph.Constant("net/biases", new TensorProto { Dtype = FrozenGraph.Float, FloatVal = { 5 } }, 3));

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Forms => ["legacy", "zip", "safetensors", "npy", "pickled npy", "graph"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Forms))]
    public void Truncations_are_refused(string form)
    {
        var (file, read) = Of(form);
        read(_folder.Write("whole", file));
        for (var length = 0; length < file.Length; length++)
        {
            var path = _folder.Write("cut", file[..length]);
            Should.Throw<InputException>(() => read(path), $"{form} cut to {length} bytes").Message.ShouldStartWith($"{path}: ");
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Changed_bytes_are_refused_or_read(string form)
    {
        var (file, read) = Of(form);
        Gen.Select(Gen.Int[0, file.Length - 1], Gen.Byte).Array[1, 4].Sample(
            changes =>
            {
                byte[] damaged = [.. file];
                foreach (var (at, value) in changes) damaged[at] = value;
                Survives(_folder.Write("damaged", damaged), read);
            },
            iter: Rounds, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_flipped_bit_in_any_byte_is_refused_or_read(string form)
    {
        var (file, read) = Of(form);
        for (var at = 0; at < file.Length; at++)
        {
            byte[] damaged = [.. file];
            damaged[at] ^= (byte)(1 << (at % 8));
            Survives(_folder.Write("damaged", damaged), read);
        }
    }

    // A graph that ends between two nodes, or before its library, is a whole graph: that a weight is missing is for the network to say.
    private static void ReadGraph(string path)
    {
        var weights = CheckpointReader.Read(path);
        if (!weights.ContainsKey("net/biases") || new FileInfo(path).Length < Graph.Length)
            throw new InputException($"{path}: not all there");
    }

    private static void Survives(string path, Action<string> read)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            read(path);
        }
        catch (InputException e)
        {
            e.Message.ShouldStartWith($"{path}: ");
            e.Message.ShouldNotContain('\n');
        }
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(Memory);
    }

    private static (byte[] File, Action<string> Read) Of(string form) => form switch
    {
        "legacy" => (CheckpointWriter.Legacy(Tensors), path => CheckpointReader.Read(path)),
        "zip" => (CheckpointWriter.Zip(Tensors), path => CheckpointReader.Read(path)),
        "safetensors" => (CheckpointWriter.Safetensors(Tensors), path => CheckpointReader.Read(path)),
        "npy" => (Npy, path => NpyReader.ReadArray(path)),
        "graph" => (Graph, ReadGraph),
        _ => (PickledNpy, path => NpyReader.ReadDictionary(path)),
    };
}
