using System.Runtime.InteropServices;
using Google.Protobuf;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Exchange.Onnx;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Agreement;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Exchange.Onnx;

/// <summary>
/// Networks of every layer there is (as <see cref="AgreementTests"/> counts), exported as ONNX: ONNX Runtime gives what <c>cpu</c> gives,
/// within 1e-5.
/// </summary>
[Collection(DrawnNetworks.Collection)]
public sealed class OnnxTests(ITestOutputHelper output, DrawnNetworks networks)
{
    private const int Compared = 300; // of those drawn, at least; the others are ill-conditioned

    public static TheoryData<string> Fixtures => [.. AgreementCase.Fixtures];

    private static int[] Opsets => [OnnxOptions.LeastOpset, new OnnxOptions().Opset, OnnxOptions.MostOpset];

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void A_network_of_the_repository_gives_the_same_in_onnx_runtime(string name)
    {
        AgreementCase one = AgreementCase.Fixture(name);
        Assert.Empty(Opsets.SelectMany(opset => OnnxCase.Problems(one, opset, out _)));
    }

    [Fact]
    public void Random_networks_give_the_same_in_onnx_runtime()
    {
        var errors = new List<double>();
        var problems = new List<string>();
        foreach ((int i, AgreementCase one) in networks.Cases().Index())
        {
            problems.AddRange(OnnxCase.Problems(one, OnnxOptions.LeastOpset + (i % (OnnxOptions.MostOpset + 1 - OnnxOptions.LeastOpset)), out double error));
            errors.Add(error);
        }
        int compared = errors.Count(double.IsFinite);
        output.WriteLine(FormattableString.Invariant($"{compared} of {errors.Count} networks, largest relative error {errors.Where(double.IsFinite).Max():E2}"));
        Assert.True(problems.Count == 0, $"{problems.Count} differ\n" + string.Join("\n", problems.Take(10)));
        Assert.InRange(compared, Compared, errors.Count);
    }

    [Fact]
    public void One_weight_that_is_wrong_is_found()
    {
        AgreementCase one = AgreementCase.Fixture(AgreementCase.Fixtures.First(f => f.Contains("conv", StringComparison.Ordinal)));
        Assert.NotEmpty(OnnxCase.Problems(one, new OnnxOptions().Opset, out _, model =>
        {
            TensorProto weight = model.Graph.Initializer.Last(t => t.Name.EndsWith(".weight", StringComparison.Ordinal));
            byte[] raw = weight.RawData.ToByteArray();
            MemoryMarshal.Cast<byte, float>(raw.AsSpan())[0] += 0.001f;
            weight.RawData = ByteString.CopyFrom(raw);
        }));
    }

    [Fact]
    public void What_is_written_passes_the_checker_of_onnx_and_a_node_without_its_input_does_not()
    {
        Python.RequireOnnx();
        using var folder = new TempFolder();
        using var device = new CpuDevice(1);
        foreach (AgreementCase one in AgreementCase.Fixtures.Select(AgreementCase.Fixture))
        {
            using Model model = OnnxCase.Load(one, device);
            foreach (int opset in Opsets[..2]) // Debian's ends at 17
                folder.Write($"{one.Name}-{opset}.onnx", OnnxCase.Export(one, model, opset).ToByteArray());
        }
        AgreementCase first = AgreementCase.Fixture(AgreementCase.Fixtures.First());
        using Model weights = OnnxCase.Load(first, device);
        ModelProto broken = OnnxCase.Export(first, weights, OnnxOptions.LeastOpset);
        broken.Graph.Node[^1].Input[0] = "nowhere";
        folder.Write("broken.onnx", broken.ToByteArray());
        string[] lines = Python.Oracle("onnx_check.py", folder.Path).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines[^1] == $"{AgreementCase.Fixtures.Count() * 2} models are right", string.Join("\n", lines));
        Assert.StartsWith("broken.onnx: ", Assert.Single(lines[..^1]), StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_no_file_can_hold_are_refused_before_they_are_read()
    {
        Network network = Network.Build([new EmbeddingConfig { Rows = 1 << 24, Width = 40 }], new Shape(3));
        var error = Assert.Throws<GpuGradException>(() => OnnxModel.RequireRoom(network));
        Assert.Equal(Fault.Config, error.Fault);
        Assert.Equal("2.7 GB of weights; an .onnx file holds at most 2 GB (protobuf's limit); expected a smaller network, or an --out that ends in .safetensors", error.Message);
    }

    [Fact]
    public void An_op_that_onnx_has_no_form_for_is_refused_with_its_layer()
    {
        var graph = new Graph { Scope = "3" };
        Tensor x = graph.Persistent("x", new TensorType(new Shape(2, 3)));
        graph.Add(new Scale(2), x);
        var error = Assert.Throws<GpuGradException>(() => OnnxOps.Translate(new OnnxNode(new OnnxGraph(17, (_, _) => { }), graph.Nodes[0], (_, _) => "x")));
        Assert.Equal(Fault.Config, error.Fault);
        Assert.Equal("layer 3: 'Scale' has no form in ONNX yet; expected other layers, or an --out that ends in .safetensors", error.Message);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(24)]
    public void An_opset_that_is_not_known_is_refused(int opset) =>
        Assert.Equal(FormattableString.Invariant($"--opset {opset}; expected a whole number from 13 to 23"), Assert.Throws<GpuGradException>(() => new OnnxOptions { Opset = opset }).Message);
}
