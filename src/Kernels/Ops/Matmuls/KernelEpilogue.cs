using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Gemm;
using GpuGrad.Kernels.Ops.Elementwise;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Matmuls;

/// <summary>Epilogue of a fused op's GEMM, for kernels; <see cref="CpuEpilogue"/> is the CPU's.</summary>
/// <param name="Map">The elementwise op, or null.</param>
/// <param name="Position">Index of the GEMM's result among its inputs.</param>
/// <param name="FirstOther">Index of its first other input among the inputs of the fused op.</param>
/// <param name="Bias">Index of the input that is added first; negative for none.</param>
internal readonly record struct KernelEpilogue(MapOp? Map, int Position, int FirstOther, int Bias = -1)
{
    /// <summary>Calls the visitor with the static type of the fused function, or with <see cref="Identity"/>.</summary>
    public void Accept(IMapVisitor visitor)
    {
        if (Map is null)
            visitor.Visit<Identity>(0);
        else
            Map.Accept(visitor);
    }

    /// <summary>The epilogue as a kernel argument.</summary>
    public Finish<M> Bind<M>(KernelBinding b, float constant) where M : struct, IMap
    {
        ArrayView<float> none = b.Out().SubView(0, 0);
        int others = Map is null ? 0 : Map.Arity - 1;
        return new Finish<M>(
            Bias >= 0 ? b.In(Bias) : none, others > 0 ? b.In(FirstOther) : none, others > 1 ? b.In(FirstOther + 1) : none, Position, constant);
    }
}
