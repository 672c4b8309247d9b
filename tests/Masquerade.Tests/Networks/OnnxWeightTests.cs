using System.Runtime.InteropServices;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using TorchSharp;
using static TorchSharp.torch;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Tests.Networks;

/// <summary>Stored tensors in all their forms, sound and broken.</summary>
public sealed class OnnxWeightTests
{
    private static readonly float[] Values = [1.5f, -2, 0.25f, 3];

    private static byte[] Bytes<T>(params T[] values) where T : unmanaged => MemoryMarshal.AsBytes<T>(values).ToArray();

    private static TensorProto Typed(DataType type, Action<TensorProto> fill)
    {
        var tensor = new TensorProto { Name = "w", DataType = (int)type };
        tensor.Dims.Add([2, 2]);
        fill(tensor);
        return tensor;
    }

    private static ushort Brain(float value) => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);

    public static TheoryData<string> Floating =>
        ["float", "float raw", "double", "double raw", "half", "half raw", "bfloat16", "bfloat16 raw"];

    [Theory, MemberData(nameof(Floating))]
    public void Floating_point_of_any_width_becomes_float32(string form)
    {
        var tensor = form switch
        {
            "float" => Typed(DataType.Float, t => t.FloatData.Add(Values)),
            "float raw" => OnnxModelBuilder.Tensor(DataType.Float, [2, 2], Bytes(Values)),
            "double" => Typed(DataType.Double, t => t.DoubleData.Add(Values.Select(v => (double)v))),
            "double raw" => OnnxModelBuilder.Tensor(DataType.Double, [2, 2], Bytes([.. Values.Select(v => (double)v)])),
            "half" => Typed(DataType.Float16, t => t.Int32Data.Add(Values.Select(v => (int)BitConverter.HalfToUInt16Bits((Half)v)))),
            "half raw" => OnnxModelBuilder.Tensor(DataType.Float16, [2, 2], Bytes([.. Values.Select(v => (Half)v)])),
            "bfloat16" => Typed(DataType.Bfloat16, t => t.Int32Data.Add(Values.Select(v => (int)Brain(v)))),
            _ => OnnxModelBuilder.Tensor(DataType.Bfloat16, [2, 2], Bytes([.. Values.Select(Brain)])),
        };
        using var scope = NewDisposeScope();
        var read = OnnxTensorReader.Read(tensor, ScalarType.Float32, "face.onnx");
        read.dtype.ShouldBe(ScalarType.Float32);
        read.shape.ShouldBe([2, 2]);
        read.data<float>().ToArray().ShouldBe(Values);
    }

    public static TheoryData<string, ScalarType> Whole => new()
    {
        { "int64", ScalarType.Int64 }, { "int64 raw", ScalarType.Int64 }, { "int32", ScalarType.Int32 }, { "int32 raw", ScalarType.Int32 },
        { "uint64", ScalarType.Int64 }, { "uint32", ScalarType.Int64 }, { "uint16", ScalarType.Int32 }, { "int16 raw", ScalarType.Int16 },
        { "int8", ScalarType.Int8 }, { "uint8 raw", ScalarType.Byte }, { "bool", ScalarType.Bool }, { "bool raw", ScalarType.Bool },
    };

    [Theory, MemberData(nameof(Whole))]
    public void Integers_of_any_width_are_read(string form, ScalarType type)
    {
        var tensor = form switch
        {
            "int64" => Typed(DataType.Int64, t => t.Int64Data.Add([1L, 0, 1, 1])),
            "int64 raw" => OnnxModelBuilder.Longs([2, 2], 1, 0, 1, 1),
            "int32" => Typed(DataType.Int32, t => t.Int32Data.Add([1, 0, 1, 1])),
            "int32 raw" => OnnxModelBuilder.Tensor(DataType.Int32, [2, 2], Bytes(1, 0, 1, 1)),
            "uint64" => Typed(DataType.Uint64, t => t.Uint64Data.Add([1ul, 0, 1, 1])),
            "uint32" => Typed(DataType.Uint32, t => t.Uint64Data.Add([1ul, 0, 1, 1])),
            "uint16" => Typed(DataType.Uint16, t => t.Int32Data.Add([1, 0, 1, 1])),
            "int16 raw" => OnnxModelBuilder.Tensor(DataType.Int16, [2, 2], Bytes<short>(1, 0, 1, 1)),
            "int8" => Typed(DataType.Int8, t => t.Int32Data.Add([1, 0, 1, 1])),
            "uint8 raw" => OnnxModelBuilder.Tensor(DataType.Uint8, [2, 2], [1, 0, 1, 1]),
            "bool" => Typed(DataType.Bool, t => t.Int32Data.Add([1, 0, 1, 1])),
            // Any byte but 0 means true.
            _ => OnnxModelBuilder.Tensor(DataType.Bool, [2, 2], [1, 0, 7, 1]),
        };
        using var scope = NewDisposeScope();
        var read = OnnxTensorReader.Read(tensor, ScalarType.Float32, "face.onnx");
        read.dtype.ShouldBe(type);
        read.to_type(ScalarType.Int64).data<long>().ToArray().ShouldBe([1, 0, 1, 1]);
    }

    [Fact]
    public void Scalars_and_empty_tensors_are_read()
    {
        using var scope = NewDisposeScope();
        OnnxTensorReader.Read(OnnxModelBuilder.Floats([], 3), ScalarType.Float32, "face.onnx").shape.ShouldBeEmpty();
        OnnxTensorReader.Read(OnnxModelBuilder.Floats([0, 3]), ScalarType.Float32, "face.onnx").shape.ShouldBe([0, 3]);
    }

    [Fact]
    public void Half_precision_networks_compute_what_their_float32_form_computes()
    {
        // ONNX Runtime's CPU kernels have no half precision for most operators, so the float32 form is what is compared.
        static ModelProto Model(DataType type)
        {
            TensorProto Weights(long[] shape, params float[] values) => type == DataType.Float
                ? OnnxModelBuilder.Floats(shape, values)
                : OnnxModelBuilder.Tensor(type, shape, Bytes([.. values.Select(v => (Half)v)]));
            return new OnnxModelBuilder(13, 1, 1, 2, 3).Constant("w", Weights([1, 1, 2, 2], 1, -2, 3, 0.5f)).Constant("b", Weights([1], 0.25f))
                .Node("Cast", ["x"], ["h"], ("to", (long)type)).Node("Conv", ["h", "w", "b"], ["c"]).Node("Relu", ["c"], ["r"])
                .Node("Cast", ["r"], null, ("to", (long)DataType.Float)).Build();
        }
        float[] input = [0.5f, -1, 2, 3, -0.25f, 1];
        Engines.Same(
            Engines.Torch(Model(DataType.Float16), input, [1, 1, 2, 3]),
            Engines.OnnxRuntime(Model(DataType.Float), input, [1, 1, 2, 3]), 1e-6f, "half");
    }

    public static TheoryData<string, string> Broken => new()
    {
        { "short raw", "holds 12 bytes where its shape asks for 16" },
        { "long raw", "holds 20 bytes where its shape asks for 16" },
        { "short typed", "holds 3 values where its shape asks for 4" },
        { "nothing", "holds 0 values where its shape asks for 4" },
        { "negative", "has the shape [-2,2], which is negative or too large" },
        { "overflow", "has the shape [4611686018427387904,8], which is negative or too large" },
        { "huge", "has the shape [65536,65536], which is negative or too large" },
        { "external", "is kept in another file (external data): save the model as one file" },
        { "text", "has the element type String, which cannot be read" },
        { "unknown type", "has the element type 99, which cannot be read" },
        { "large unsigned", "holds 18446744073709551615, which is too large" },
    };

    [Theory, MemberData(nameof(Broken))]
    public void Broken_tensors_are_named(string form, string expected)
    {
        var tensor = form switch
        {
            "short raw" => OnnxModelBuilder.Tensor(DataType.Float, [2, 2], new byte[12]),
            "long raw" => OnnxModelBuilder.Tensor(DataType.Float, [2, 2], new byte[20]),
            "short typed" => Typed(DataType.Float, t => t.FloatData.Add([1, 2, 3])),
            "nothing" => Typed(DataType.Float, _ => { }),
            "negative" => OnnxModelBuilder.Tensor(DataType.Float, [-2, 2], new byte[16]),
            "overflow" => OnnxModelBuilder.Tensor(DataType.Float, [1L << 62, 8], new byte[16]),
            "huge" => OnnxModelBuilder.Tensor(DataType.Float, [1 << 16, 1 << 16], new byte[16]),
            "external" => Typed(DataType.Float, t => t.DataLocation = TensorProto.Types.DataLocation.External),
            "text" => Typed(DataType.String, _ => { }),
            "unknown type" => Typed((DataType)99, _ => { }),
            _ => Typed(DataType.Uint64, t => t.Uint64Data.Add([ulong.MaxValue, 0, 0, 0])),
        };
        var model = new OnnxModelBuilder(13, 2, 2).Constant("weight", tensor).Node("Add", ["x", "weight"]).Build();
        Should.Throw<InputException>(() => OnnxTorchNetwork.Import(model, "face.onnx")).Message
            .ShouldBe($"face.onnx: tensor 'weight' {expected}");
    }
}
