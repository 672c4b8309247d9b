using CsCheck;
using Masquerade.Networks.Checkpoints;
using Masquerade.Networks.Checkpoints.Pickle;
using static TorchSharp.torch;

namespace Masquerade.Tests.Networks.Checkpoints;

/// <summary>What the tests' own writers write is read back byte for byte, whatever its types, shapes and strides.</summary>
public sealed class CheckpointRoundTripTests : IDisposable
{
    private static readonly Gen<(string Name, TestTensor Tensor)[]> Some =
        TestTensor.Any.Array[1, 6].Select(tensors => tensors.Select((tensor, i) => ($"layer.{i}.wéight", tensor)).ToArray());

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Legacy_files_are_read_whatever_the_writer_s_byte_order()
        => Some.Select(Gen.Bool).Sample(
            (tensors, little) => Check(tensors, CheckpointWriter.Legacy(tensors, little)), iter: 100, threads: 1);

    [Fact]
    public void Zip_files_are_read_in_the_byte_order_that_they_name()
        => Some.Select(Gen.Int[0, 2].Select(i => new[] { "little", "big", null }[i])).Sample(
            (tensors, order) => Check(tensors, CheckpointWriter.Zip(tensors, order)), iter: 100, threads: 1);

    [Fact]
    public void Safetensors_are_read()
        => Some.Sample(tensors => Check(tensors, CheckpointWriter.Safetensors(tensors)), iter: 100, threads: 1);

    [Fact]
    public void Safetensors_are_read_whatever_byte_their_header_s_length_begins_with()
    {
        using var scope = NewDisposeScope();
        var firsts = new HashSet<byte>();
        for (var length = 1; length < 300; length++)
        {
            SafetensorsWriter.Write(_folder["a"], new Dictionary<string, Tensor> { [new string('n', length)] = tensor(new[] { 4f, 5f }) });
            firsts.Add(File.ReadAllBytes(_folder["a"])[0]);
            CheckpointReader.Read(_folder["a"]).Single().Value.ToTensor().data<float>().ToArray().ShouldBe([4f, 5f]);
        }
        // As that of a pickle does.
        firsts.ShouldContain((byte)0x80);
    }

    [Fact]
    public void Npy_arrays_are_read_in_both_byte_orders_and_both_layouts()
        => Gen.Select(TestTensor.Any, Gen.Bool, Gen.Bool).Sample((any, big, fortran) =>
        {
            var code = any.Type switch
            {
                ScalarType.BFloat16 or ScalarType.Float16 => "f2",
                ScalarType.Float32 => "f4",
                ScalarType.Float64 => "f8",
                ScalarType.Byte => "u1",
                ScalarType.Bool => "b1",
                _ => $"i{any.Size}",
            };
            var type = any.Type == ScalarType.BFloat16 ? ScalarType.Float16 : any.Type;
            var plain = TestTensor.Of(type, any.Elements(), any.Shape);
            // Fortran order is the order of the transposed array.
            var stored = fortran ? plain with { Shape = [.. plain.Shape.Reverse()], Strides = [.. plain.Strides.Reverse()] } : plain;
            var elements = stored.Elements();
            var written = TestTensor.Of(type, elements, stored.Shape);
            var shape = plain.Shape.Length == 1 ? $"{plain.Shape[0]}," : string.Join(", ", plain.Shape);
            var order = any.Size == 1 ? '|' : big ? '>' : '<';
            var header = $"{{'descr': '{order}{code}', 'fortran_order': {(fortran ? "True" : "False")}, 'shape': ({shape}), }}";
            var path = _folder.Write("array.npy", CheckpointWriter.Npy(header, big ? written.BigEndianStorage() : elements));
            Same(NpyReader.ReadArray(path), plain);
        }, iter: 100, threads: 1);

    [Fact]
    public void Tensors_have_the_values_of_the_file()
    {
        using var scope = NewDisposeScope();
        var transposed = TestTensor.Floats([2, 3], 1, 2, 3, 4, 5, 6) with { Shape = [3, 2], Strides = [1, 3] };
        var path = _folder.Write("w.pt", CheckpointWriter.Zip([("a", transposed), ("none", TestTensor.Floats([0, 4]))]));
        var read = CheckpointReader.Read(path);
        read["a"].ToTensor().Equals(tensor([1f, 4f, 2f, 5f, 3f, 6f], [3, 2])).ShouldBeTrue();
        read["none"].ToTensor().shape.ShouldBe([0, 4]);
    }

    [Fact]
    public void Nested_dictionaries_are_flattened_and_other_values_left_out()
    {
        var weights = TestTensor.Floats([1], 7);
        var pickle = new Pickler().Proto().Op(PickleOpcode.EmptyDict).Mark()
            .Text("epoch").Int(3)
            .Text("best").Op(PickleOpcode.BinFloat).Raw(0x3f, 0xe0, 0, 0, 0, 0, 0, 0)
            .Text("state_dict").Op(PickleOpcode.EmptyDict).Text("conv.weight").Tensor(weights, "0").Op(PickleOpcode.SetItem)
            .Text("optimizer").Op(PickleOpcode.EmptyDict)
            .Int(12).Op(PickleOpcode.EmptyList).Tensor(weights, "0").Op(PickleOpcode.Append).Op(PickleOpcode.SetItem)
            .Op(PickleOpcode.SetItems).Stop();
        var read = CheckpointReader.Read(_folder.Write("w.pt", CheckpointWriter.Legacy(pickle, [("0", 1, weights.Storage)])));
        read.Keys.ShouldBe(["state_dict.conv.weight", "optimizer.12.0"], ignoreOrder: true);
        read.Values.ShouldAllBe(tensor => tensor.Data.ToArray().SequenceEqual(weights.Storage));
    }

    [Fact]
    public void A_parameter_is_its_tensor_and_python_2_s_ordered_dictionary_carries_its_items()
    {
        var weights = TestTensor.Floats([2], 7, 8);
        var pickle = new Pickler().Proto().Global("collections", "OrderedDict")
            .Op(PickleOpcode.EmptyList).Op(PickleOpcode.EmptyList).Mark()
            .Text("w").Global("torch._utils", "_rebuild_parameter").Tensor(weights, "0").Op(PickleOpcode.NewTrue)
            .Call("collections", "OrderedDict").Op(PickleOpcode.Tuple3).Op(PickleOpcode.Reduce)
            .Op(PickleOpcode.Appends).Op(PickleOpcode.Append).Op(PickleOpcode.Tuple1).Op(PickleOpcode.Reduce).Stop();
        var read = CheckpointReader.Read(_folder.Write("w.pt", CheckpointWriter.Legacy(pickle, [("0", 2, weights.Storage)])));
        Same(read.ShouldHaveSingleItem().Value, weights);
    }

    private void Check((string Name, TestTensor Tensor)[] tensors, byte[] file)
    {
        var read = CheckpointReader.Read(_folder.Write("weights", file));
        read.Keys.ShouldBe(tensors.Select(item => item.Name), ignoreOrder: true);
        foreach (var (name, tensor) in tensors) Same(read[name], tensor);
    }

    private static void Same(CheckpointTensor read, TestTensor written)
    {
        read.Type.ShouldBe(written.Type);
        read.Shape.ShouldBe(written.Shape);
        read.Data.ToArray().ShouldBe(written.Elements());
    }
}
