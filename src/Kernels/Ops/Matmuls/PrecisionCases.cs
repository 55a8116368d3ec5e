using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Convolutions;

namespace GpuGrad.Kernels.Ops.Matmuls;

/// <summary>Matmuls and convolutions with rounded operands: the reference rounds the same and then computes in double.</summary>
internal static class PrecisionCases
{
    public static OpFamily Family { get; } = new("precision", (random, i) =>
    {
        (int pair, Precision precision) = (i / 2, i % 2 == 0 ? Precision.Tf32 : Precision.Bf16);
        OpCase one = pair % 4 == 3 ? ConvolutionCases.Family.Case(random, pair / 4) : MatMulCases.Family.Case(random, pair - (pair / 4));
        return one with { Name = $"{one.Name} ({precision})", Op = one.Op with { Precision = precision } };
    });
}
