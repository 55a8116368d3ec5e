using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Sequences;

/// <summary>A head whose weight is the table of an embedding.</summary>
public sealed class TiedHeadTests
{
    private static readonly float[] Ids = [0, 3, 1, 1, 2, 0];

    [Fact]
    public void The_gradient_of_a_tied_table_is_the_sum_of_both_uses()
    {
        Dictionary<string, double[]> tied = Step("{embedding: {name: tokens, rows: 4, width: 3}}, {dense: {units: 4, bias: false, tied: tokens}}");
        Dictionary<string, double[]> apart = Step("{embedding: {name: tokens, rows: 4, width: 3}}, {dense: {name: head, units: 4, bias: false}}");
        Assert.Equal(apart["output"], tied["output"]);
        Assert.Equal(apart["grad/tokens.weight"].Zip(apart["grad/head.weight"], (a, b) => a + b), tied["grad/tokens.weight"], (a, b) => Math.Abs(a - b) <= 1e-15);
        Assert.Equal(["grad/tokens.weight"], [.. tied.Keys.Where(k => k.StartsWith("grad/", StringComparison.Ordinal))]);
    }

    // The head has the larger table whichever it is, and the sum of both tables is the same: so are the outputs.
    [Fact]
    public void The_table_that_is_named_is_taken_of_two_alike()
    {
        double[] Output(string name) => Step(
            $"{{branch: {{join: add, paths: [[{{embedding: {{name: a, rows: 4, width: 3}}}}], [{{embedding: {{name: b, rows: 4, width: 3}}}}]]}}}}, {{dense: {{units: 4, bias: false, tied: '{name}'}}}}", name)["output"];
        Assert.Equal(Output("0.0.a"), Output("0.1.b"));
    }

    private static Network Build(string layers) => ModelCheck.Check(Config(layers))!;

    private static RunConfig Config(string layers) => RunConfigFile.Load("c.yaml", text: $"seed: 5\ndata: {{shape: [3], classes: 4, target-shape: [3]}}\nmodel: [{layers}]\n").Config;

    private static Dictionary<string, double[]> Step(string layers, string larger = "")
    {
        RunConfig config = Config(layers);
        using var device = new ReferenceDevice();
        var samples = new SampleSet { Shape = new Shape(3), Count = 2, Reals = Ids, PositionLabels = [0, 1, 2, 3, 0, 1], AnswerShape = new Shape(3) };
        return StepDump.Run(config, Build(layers), device, samples, Normalization.None(3), m => Fill(m, larger)).ToDictionary(t => t.Name, t => t.Values);
    }

    // The same numbers in every table and head, or larger ones where the name says so.
    private static void Fill(Model model, string larger)
    {
        foreach (Parameter parameter in model.Network.Parameters)
            model.Write(parameter, [.. Enumerable.Range(0, parameter.Shape.Count).Select(i => (parameter.Name == $"{larger}.weight" ? 0.5 : 0.3) * Math.Sin(1 + i))]);
    }
}
