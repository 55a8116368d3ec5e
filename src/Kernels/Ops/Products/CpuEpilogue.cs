using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Ops.Elementwise;

namespace GpuGrad.Kernels.Ops.Products;

/// <summary>Binds what a fused op does after its product.</summary>
internal static class CpuEpilogue
{
    /// <param name="b">The binding of the fused op.</param>
    /// <param name="map">The elementwise op, or null.</param>
    /// <param name="position">Which of its inputs the product is.</param>
    /// <param name="firstOther">Where its other inputs begin among the inputs of the fused op.</param>
    /// <param name="rowBias">A number for each row of the product.</param>
    /// <param name="columnBias">A number for each column.</param>
    public static unsafe Epilogue Of(CpuBinding b, MapOp? map, int position, int firstOther, float* rowBias = null, float* columnBias = null)
    {
        int others = map is null ? 0 : map.Arity - 1;
        return new Epilogue
        {
            RowBias = rowBias,
            ColumnBias = columnBias,
            Map = map,
            Position = position,
            Other0 = others > 0 ? b.In(firstOther) : null,
            Other1 = others > 1 ? b.In(firstOther + 1) : null,
        };
    }
}
