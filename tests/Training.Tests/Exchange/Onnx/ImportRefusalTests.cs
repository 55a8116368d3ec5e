using Google.Protobuf;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Exchange.Onnx;
using GpuGrad.Training.Exchange.Onnx.Import;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Agreement;
using GpuGrad.Training.Tests.Data;
using static GpuGrad.Training.Exchange.Onnx.OnnxAttribute;
using DataType = GpuGrad.Training.Exchange.Onnx.TensorProto.Types.DataType;

namespace GpuGrad.Training.Tests.Exchange.Onnx;

/// <summary>What cannot be read of a model is one line that names the node; damaged files are refused too, whatever is wrong with them.</summary>
public sealed class ImportRefusalTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_node_without_a_matching_layer_is_named() =>
        Refused("node 'wave' (Sin): no layer does this; expected operators that docs/onnx.md lists", Node("Sin", "wave", ["x"], "y"));

    [Fact]
    public void Paths_that_cross_are_refused() => Refused(
        "node 'a' (Relu): several paths that are not nested share it; expected residuals and branches that are nested",
        Node("Relu", "a", ["x"], "a"), Node("Sigmoid", "b", ["x"], "b"), Node("Add", "left", ["a", "b"], "left"), Node("Tanh", "c", ["a"], "c"), Node("Softmax", "d", ["b"], "d"), Node("Add", "right", ["c", "d"], "right"),
        Node("Add", "sum", ["left", "right"], "y"));

    [Fact]
    public void Weights_that_are_computed_are_refused() =>
        Refused("node 'product' (MatMul): it takes several computed values; expected Add, Mul or Concat where paths join", Node("Relu", "r", ["x"], "r"), Node("MatMul", "product", ["x", "r"], "y"));

    [Fact]
    public void A_factor_without_a_layer_before_it_is_refused() => Refused(
        "node 'half' (Mul): there is no layer before it whose weights could absorb it; expected a fixed number for each channel right after a convolution, a dense layer or a normalisation",
        model => model.Graph.Initializer.Add(Numbers("c", [4], 1, 2, 3, 4)), Node("Mul", "half", ["x", "c"], "y"));

    [Fact]
    public void A_reshape_that_mixes_samples_is_refused() => Refused(
        "node 'mix' (Reshape): it mixes samples; expected a shape that leaves the batch, axis 0, alone",
        model => model.Graph.Initializer.Add(new TensorProto { Name = "s", DataType = (int)DataType.Int64, Dims = { 2 }, Int64Data = { 2, -1 } }), Node("Reshape", "mix", ["x", "s"], "y"));

    [Fact]
    public void Weights_that_are_fewer_than_their_shape_says_are_refused() => Refused(
        "tensor 'w' of shape [4, 3] has 5 numbers; expected 12; the file is damaged",
        model => model.Graph.Initializer.Add(Numbers("w", [4, 3], 1, 2, 3, 4, 5)), Node("MatMul", "m", ["x", "w"], "y"));

    [Fact]
    public void Weights_in_another_file_are_refused() => Refused(
        "the numbers of 'w' are in another file; expected a model in one file; save it without external data",
        model => model.Graph.Initializer.Add(new TensorProto { Name = "w", DataType = (int)DataType.Float, Dims = { 4, 3 }, DataLocation = TensorProto.Types.DataLocation.External }), Node("MatMul", "m", ["x", "w"], "y"));

    [Fact]
    public void An_input_of_unknown_size_is_refused() => Refused(
        "input 'x' has shape [N, height]; expected a batch of any size and known sizes after it; save the model with a fixed size of a sample",
        model => model.Graph.Input[0].Type.TensorType.Shape.Dim[1] = new TensorShapeProto.Types.Dimension { DimParam = "height" }, Node("Relu", "r", ["x"], "y"));

    [Fact]
    public void A_file_that_is_no_model_is_refused()
    {
        string path = folder.Write("text.onnx", "no model at all"u8.ToArray());
        var error = Assert.Throws<GpuGradException>(() => OnnxImport.Read(path, "x"));
        Assert.Equal(Fault.Data, error.Fault);
        Assert.StartsWith($"{path}: is not an ONNX model, or is damaged; expected a file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_model_is_read_or_refused_in_a_line()
    {
        using var device = new CpuDevice(1);
        var random = new Random(14);
        int refused = 0;
        foreach (string name in AgreementCase.Fixtures.Take(12))
        {
            AgreementCase one = AgreementCase.Fixture(name);
            using Model model = OnnxCase.Load(one, device);
            byte[] whole = OnnxCase.Export(one, model, 13).ToByteArray();
            for (int i = 0; i < 60; i++)
            {
                byte[] damaged = i % 10 == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
                for (int j = 0; j < i % 7 && damaged.Length > 0; j++)
                    damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                string path = folder.Write("damaged.onnx", damaged);
                try
                {
                    OnnxImport.Read(path, "x");
                }
                catch (GpuGradException e)
                {
                    Assert.Equal(Fault.Data, e.Fault);
                    Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
                    Assert.DoesNotContain('\n', e.Message);
                    refused++;
                }
            }
        }
        Assert.InRange(refused, 100, 719);
    }

    private void Refused(string message, params NodeProto[] nodes) => Refused(message, _ => { }, nodes);

    // x is [N, 4], y the output.
    private void Refused(string message, Action<ModelProto> change, params NodeProto[] nodes)
    {
        var model = new ModelProto { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = 17 } }, Graph = new GraphProto { Node = { nodes }, Input = { Value("x") }, Output = { Value("y") } } };
        change(model);
        string path = folder.Write("refused.onnx", model.ToByteArray());
        var error = Assert.Throws<GpuGradException>(() => OnnxImport.Read(path, "x"));
        Assert.Equal((Fault.Data, $"{path}: {message}"), (error.Fault, error.Message));
    }

    private static NodeProto Node(string op, string name, string[] inputs, string output) => new() { OpType = op, Name = name, Input = { inputs }, Output = { output }, Attribute = { Of("axis", -1) } };

    private static TensorProto Numbers(string name, long[] dims, params float[] values) => new() { Name = name, DataType = (int)DataType.Float, Dims = { dims }, FloatData = { values } };

    private static ValueInfoProto Value(string name) => new()
    {
        Name = name,
        Type = new TypeProto
        {
            TensorType = new TypeProto.Types.Tensor
            {
                ElemType = (int)DataType.Float,
                Shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "N" }, new TensorShapeProto.Types.Dimension { DimValue = 4 } } },
            },
        },
    };
}
