using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Ops.Attention;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Ops.Dropout;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Embeddings;
using GpuGrad.Kernels.Ops.Health;
using GpuGrad.Kernels.Ops.LabelMaps;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Ops.Normalization;
using GpuGrad.Kernels.Ops.Optimizers;
using GpuGrad.Kernels.Ops.Pooling;
using GpuGrad.Kernels.Ops.Recurrence;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Ops.Resampling;
using GpuGrad.Kernels.Ops.Softmax;
using GpuGrad.Kernels.Ops.Steps;

namespace GpuGrad.Kernels.Conformance;

/// <summary>Lists every family of ops. They are checked on every device, by the tests and by <c>gpugrad doctor</c>.</summary>
public static class OpFamilies
{
    public static IReadOnlyList<OpFamily> All { get; } =
    [
        ElementwiseCases.Family,
        ActivationCases.Family,
        MatMulCases.Family,
        PrecisionCases.Family,
        ConvolutionCases.Family,
        PoolingCases.Family,
        ReductionCases.Family,
        UpsampleCases.Family,
        LossCases.Family,
        LossCases.Summed,
        LabelMapCases.Family,
        OptimizerCases.Family,
        BatchCases.Family,
        NormalizationCases.Family,
        SoftmaxCases.Family,
        DropoutCases.Family,
        EmbeddingCases.Family,
        RecurrenceCases.Family,
        StepCases.Family,
        HealthCases.Family,
        AttentionCases.Family,
    ];
}
