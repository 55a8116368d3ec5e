using GpuGrad.Kernels.Conformance;
using GpuGrad.Training.Exchange.Onnx;
using GpuGrad.Training.Exchange.Onnx.Import;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Tests.Exchange.Onnx;

/// <summary>
/// A test vector of the ONNX project: a model with inputs and outputs as numbers. Weights are inputs there; all but the samples are made
/// fixed before it is read.
/// </summary>
internal sealed class VectorCase
{
    private readonly ModelProto model;
    private readonly TensorProto x;
    private readonly TensorProto y;

    public VectorCase(string folder)
    {
        model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(folder, "model.onnx")));
        // What only training looks at: masks, means.
        while (model.Graph.Node[0].OpType is "LayerNormalization" or "Dropout" && model.Graph.Output.Count > 1)
            model.Graph.Output.RemoveAt(1);
        string data = Path.Combine(folder, "test_data_set_0");
        ValueInfoProto[] inputs = [.. model.Graph.Input.Where(i => model.Graph.Initializer.All(t => t.Name != i.Name))];
        TensorProto[] values = [.. inputs.Select((_, i) => Tensor(data, $"input_{i}.pb"))];
        // An embedding's samples are its whole numbers, input 1.
        int samples = model.Graph.Node[0].OpType == "Gather" ? 1 : 0;
        if (inputs.Length <= samples)
            throw OnnxFault.Of("no input", "samples");
        (x, y) = (values[samples], Tensor(data, "output_0.pb"));
        for (int i = 0; i < inputs.Length; i++)
        {
            if (i == samples)
                continue;
            values[i].Name = inputs[i].Name;
            model.Graph.Initializer.Add(values[i]);
        }
    }

    /// <summary>Where the read network's output differs; null where it does not.</summary>
    /// <exception cref="GpuGradException">The model is refused.</exception>
    public string? Problem()
    {
        (Network network, _, Dictionary<string, float[]> weights) = OnnxImport.Network(new OnnxSource(model));
        double[] found = ImportTests.Outputs(network, weights, Numbers(x)), expected = Numbers(y);
        return found.Length == expected.Length ? Tolerance.Agreement.Explain("y", expected, found) : $"{found.Length} numbers come out, expected {expected.Length}";
    }

    private static double[] Numbers(TensorProto tensor) => Array.ConvertAll(new OnnxTensor("", tensor).Floats(), v => (double)v);

    private static TensorProto Tensor(string folder, string file) => TensorProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(folder, file)));
}
