using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>Position of the first step of a tensor [N, T, …] in its sequence: an op's last input, int [1], or 0 without one. Clamped so that T steps fit.</summary>
internal static unsafe class FirstStep
{
    public static void Check(TensorType first)
    {
        Expect.Element(first, ElementType.Int32, "first step");
        Expect.Shape(first, new Shape(1), "first step");
    }

    public static int Of(ReferenceArguments a, bool given, int most, int steps) => given ? Math.Clamp(a.InInt(a.InCount - 1)[0], 0, most - steps) : 0;

    public static int* Of(CpuBinding b, bool given) => given ? b.InInt(b.InCount - 1) : null;

    public static int Of(int* first, int most, int steps) => first is null ? 0 : Math.Clamp(*first, 0, most - steps);

    public static KernelFirstStep Of(KernelBinding b, bool given, int most, int steps) => new(given ? b.InInt(b.InCount - 1) : b.Table<int>([0]), most - steps);
}

internal readonly struct KernelFirstStep(ArrayView<int> first, int last)
{
    public int Value => IntrinsicMath.Clamp(first[0], 0, last);
}
