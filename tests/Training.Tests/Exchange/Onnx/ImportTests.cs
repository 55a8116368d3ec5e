using Google.Protobuf;
using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Exchange.Onnx;
using GpuGrad.Training.Exchange.Onnx.Import;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Agreement;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Exchange.Onnx;

/// <summary>Networks read from ONNX models give what the models give: our own, those of PyTorch's exporter, the ONNX project's vectors.</summary>
[Collection(DrawnNetworks.Collection)]
public sealed class ImportTests(ITestOutputHelper output, DrawnNetworks networks)
{
    private const string Vectors = "/usr/share/libonnx-testdata/data";

    // Of the 320 drawn, at least so many come back; the others are ill-conditioned, or have layers that are not read.
    private const int Compared = 200;

    // Layers that come back. A network with another one is refused.
    private static readonly string[] Read =
    [
        "dense", "conv", "conv-transpose", "maxpool", "avgpool", "upsample", "global-avgpool", "global-maxpool", "batchnorm", "layernorm", "groupnorm", "dropout", "embedding", "softmax", "log-softmax",
        "permute", "flatten", "reshape", "residual", "branch", "prelu", .. Activation.All.Select(a => a.Name),
    ];

    public static TheoryData<string> Fixtures => [.. AgreementCase.Fixtures];

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void A_network_of_the_repository_comes_back_from_its_export(string name)
    {
        AgreementCase one = AgreementCase.Fixture(name);
        Assert.Empty(new[] { OnnxOptions.LeastOpset, 17, OnnxOptions.MostOpset }.SelectMany(opset => RoundTrip(one, opset, out _)));
    }

    [Fact]
    public void Random_networks_come_back_from_their_export()
    {
        var errors = new List<double>();
        var problems = new List<string>();
        foreach ((int i, AgreementCase one) in networks.Cases().Index())
        {
            problems.AddRange(RoundTrip(one, OnnxOptions.LeastOpset + (i % (OnnxOptions.MostOpset + 1 - OnnxOptions.LeastOpset)), out double error));
            errors.Add(error);
        }
        output.WriteLine(FormattableString.Invariant($"{errors.Count(double.IsFinite)} of {errors.Count} networks, largest relative error {errors.Where(double.IsFinite).Max():E2}"));
        Assert.True(problems.Count == 0, $"{problems.Count} differ\n" + string.Join("\n", problems.Take(20)));
        Assert.InRange(errors.Count(double.IsFinite), Compared, errors.Count);
    }

    [Fact]
    public void Models_of_pytorchs_exporter_give_pytorchs_outputs()
    {
        Python.RequireTorch();
        using var folder = new TempFolder();
        Python.Oracle("onnx_models.py", folder.Path);
        var problems = new List<string>();
        string[] models = Directory.GetFiles(folder.Path, "*.onnx");
        Assert.Equal(22, models.Length);
        foreach (string path in models)
        {
            IReadOnlyDictionary<string, NumberArray> arrays = Npz.Read(string.Concat(path.AsSpan(0, path.LastIndexOf('-')), ".npz"));
            double[] found;
            try
            {
                found = Outputs(OnnxImport.Read(path, "read"), arrays["x"].ToDoubles());
            }
            catch (GpuGradException e)
            {
                problems.Add(e.Message);
                continue;
            }
            if (Tolerance.Agreement.Explain(Path.GetFileName(path), arrays["y"].ToDoubles(), found) is string problem)
                problems.Add(problem);
        }
        Assert.True(problems.Count == 0, string.Join("\n", problems));
    }

    [Fact]
    public void The_onnx_projects_own_vectors_come_out_or_are_refused_in_a_line()
    {
        Assert.SkipUnless(Directory.Exists(Vectors) || Python.IsRequired("onnx"), "no test vectors of the ONNX project (Debian: libonnx-testdata)");
        var problems = new List<string>();
        var passed = new List<string>();
        var refused = new Dictionary<string, string>();
        foreach (string folder in new[] { "node", "pytorch-operator", "pytorch-converted", "simple" }.SelectMany(f => Directory.GetDirectories(Path.Combine(Vectors, f))).Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(folder);
            try
            {
                if (new VectorCase(folder).Problem() is string problem)
                    problems.Add($"{name}: {problem}");
                else
                    passed.Add(name);
            }
            catch (GpuGradException e) when (e.Fault == Fault.Data)
            {
                Assert.DoesNotContain('\n', e.Message);
                refused[name] = e.Message;
            }
        }
        output.WriteLine(FormattableString.Invariant($"{passed.Count} vectors come out, {refused.Count} are refused"));
        output.WriteLine(string.Join("\n", passed));
        output.WriteLine(string.Join("\n", refused.Select(r => $"{r.Key}: {r.Value}")));
        Assert.True(problems.Count == 0, string.Join("\n", problems));
        Assert.InRange(passed.Count, 183, int.MaxValue);
    }

    private static string[] RoundTrip(AgreementCase one, int opset, out double error)
    {
        error = double.NaN;
        using var device = new CpuDevice(1);
        using Model model = OnnxCase.Load(one, device);
        SampleSet samples = one.Samples() with { Lengths = null }; // an ONNX model takes sequences without padding
        double[] expected = OnnxCase.Outputs(model, samples, Normalization.None(one.Shape.Shape[0]));
        var x = new double[samples.Count * one.Shape.Shape.Count];
        samples.Read(0, x);
        double[] found;
        try
        {
            found = Outputs(OnnxImport.Read(new OnnxSource(ModelProto.Parser.ParseFrom(OnnxCase.Export(one, model, opset).ToByteArray())), "read"), x);
        }
        catch (GpuGradException e) when (e.Fault == Fault.Data)
        {
            return model.Network.AllLayers.All(l => Read.Contains(l.Kind)) ? [$"{one.Name}, opset {opset}: {e.Message}"] : [];
        }
        error = Tolerance.RelativeError(expected, found);
        return Tolerance.Agreement.Explain($"{one.Name}, opset {opset}", expected, found) is string problem && !OnnxCase.IsIllConditioned(one, samples, expected) ? [problem] : [];
    }

    /// <summary>What a read network gives for samples that lie one after the other.</summary>
    private static double[] Outputs(ImportedNetwork read, double[] x) => Outputs(read.Network, read.Weights, x);

    internal static double[] Outputs(Network network, IReadOnlyDictionary<string, float[]> weights, double[] x)
    {
        using var device = new CpuDevice(1);
        var config = new RunConfig { Data = new DataConfig(), Model = [new FlattenConfig()] }; // of which evaluation takes nothing
        using var model = new Model(config, network, device);
        foreach (Parameter parameter in network.Parameters)
            model.Write(parameter, Array.ConvertAll(weights[parameter.Name], v => (double)v));
        Shape shape = network.Input;
        var samples = new SampleSet { Shape = shape, Count = x.Length / shape.Count, Reals = Array.ConvertAll(x, v => (float)v) };
        return OnnxCase.Outputs(model, samples, Normalization.None(shape[0]));
    }
}
