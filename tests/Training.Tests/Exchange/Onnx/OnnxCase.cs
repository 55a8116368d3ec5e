using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Exchange.Onnx;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Agreement;

namespace GpuGrad.Training.Tests.Exchange.Onnx;

/// <summary>A network with weights and samples, exported and run by ONNX Runtime.</summary>
internal static class OnnxCase
{
    // A network whose float32 is off by more than a quarter of what is asked for cannot be asked for it: as networks.py has it.
    private const double MostOwnError = 1e-5 / 4;

    /// <summary>Where ONNX Runtime's outputs differ from ours: all samples at once, and one alone.</summary>
    /// <param name="one">The network.</param>
    /// <param name="opset">Of the model.</param>
    /// <param name="error">The largest relative error; NaN for a network that is ill-conditioned, of which nothing is asked.</param>
    /// <param name="change">Changes the model before it is run.</param>
    public static IReadOnlyList<string> Problems(AgreementCase one, int opset, out double error, Action<ModelProto>? change = null)
    {
        using var device = new CpuDevice(1);
        using Model model = Load(one, device);
        ModelProto exported = Export(one, model, opset);
        change?.Invoke(exported);
        using var session = new OnnxSession(exported);
        SampleSet samples = one.Samples() with { Lengths = null }; // an ONNX model takes sequences without padding
        int size = one.Shape.Shape.Count, outputs = model.Network.Output.Count;
        var x = new double[samples.Count * size];
        samples.Read(0, x);
        float[] floats = Array.ConvertAll(x, v => (float)v);
        double[] expected = Outputs(model, samples, None(one));
        double[] all = session.Run(floats, Sizes(one, samples.Count))["y"], single = session.Run(floats[^size..], Sizes(one, 1))["y"];
        error = Tolerance.RelativeError(expected, all);
        string what = $"{one.Name}, opset {opset}";
        string[] problems =
        [
            .. new[]
            {
                Tolerance.Agreement.Explain($"{what}, a batch of {samples.Count}", expected, all),
                Tolerance.Agreement.Explain($"{what}, the last sample alone", expected[^outputs..], single),
            }.OfType<string>(),
        ];
        if (!IsIllConditioned(one, samples, expected))
            return problems;
        error = double.NaN;
        return [];
    }

    public static ModelProto Export(AgreementCase one, Model model, int opset)
    {
        var fitted = new FittedInput { Shape = one.Shape, Normalization = None(one) };
        return OnnxModel.Of(one.Config, fitted, (p, values) => model.Read(p, 0, values, average: true), new OnnxOptions { Opset = opset });
    }

    public static Model Load(AgreementCase one, Device device)
    {
        var model = new Model(one.Config, Network.Build(one.Config.Model, one.Shape.Shape), device);
        one.Prepare(model);
        return model;
    }

    /// <summary>What the network gives for raw samples.</summary>
    public static double[] Outputs(Model model, SampleSet samples, Normalization normalization)
    {
        var source = new BatchSource("samples", samples.WithoutAnswers(), normalization);
        source.Upload(model.DeviceMemory);
        model.Prepare(null, [source], samples.Count);
        model.SetClock(0, 0, 0);
        BoundGraph bound = model.Evaluation(source, samples.Count);
        bound.Plan.Run();
        return bound.Plan.Read(bound.Graph.Output);
    }

    public static bool IsIllConditioned(AgreementCase one, SampleSet samples, double[] found)
    {
        using var device = new ReferenceDevice();
        using Model exact = Load(one, device);
        return Tolerance.RelativeError(Outputs(exact, samples, None(one)), found) > MostOwnError;
    }

    private static Normalization None(AgreementCase one) => Normalization.None(one.Shape.Shape[0]);

    private static long[] Sizes(AgreementCase one, int samples) => [samples, .. one.Shape.Shape.Sizes.ToArray().Select(s => (long)s)];
}
