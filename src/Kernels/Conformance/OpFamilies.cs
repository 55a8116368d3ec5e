using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Ops.Optimizers;
using GpuGrad.Kernels.Ops.Products;
using GpuGrad.Kernels.Ops.Reductions;

namespace GpuGrad.Kernels.Conformance;

/// <summary>Every family of ops. What stands here is checked on every device, by the tests and by <c>gpugrad doctor</c>.</summary>
public static class OpFamilies
{
    public static IReadOnlyList<OpFamily> All { get; } =
    [
        ElementwiseCases.Family,
        ActivationCases.Family,
        MatMulCases.Family,
        ReductionCases.Family,
        LossCases.Family,
        OptimizerCases.Family,
        BatchCases.Family,
    ];
}
