using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Steps;

/// <summary>Number of real steps of each sequence: an op's last input, Int32 [N], or all steps without one. Values are clamped to 1 … T.</summary>
internal readonly unsafe struct StepLengths
{
    private readonly int* values;
    private readonly int steps;

    private StepLengths(int* values, int steps)
    {
        this.values = values;
        this.steps = steps;
    }

    public int this[int sample] => values is null ? steps : Math.Clamp(values[sample], 1, steps);

    public static StepLengths Of(CpuBinding b, bool given, int steps) => new(given ? b.InInt(b.InCount - 1) : null, steps);

    public static int Of(ReferenceArguments a, bool given, int sample, int steps) => given ? Math.Clamp(a.InInt(a.InCount - 1)[sample], 1, steps) : steps;

    public static void Check(TensorType lengths, int samples)
    {
        Expect.Element(lengths, ElementType.Int32, "lengths");
        Expect.Shape(lengths, new Shape(samples), "lengths");
    }
}
