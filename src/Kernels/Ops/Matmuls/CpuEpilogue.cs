using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Ops.Elementwise;

namespace GpuGrad.Kernels.Ops.Matmuls;

/// <summary>Binds the epilogue of a fused op: bias and elementwise op after its GEMM.</summary>
internal static class CpuEpilogue
{
    /// <param name="b">The binding of the fused op.</param>
    /// <param name="map">The elementwise op, or null.</param>
    /// <param name="position">Index of the map's input that receives the GEMM's result.</param>
    /// <param name="firstOther">Index of the map's first other input among the inputs of the fused op.</param>
    /// <param name="rowBias">A bias per row of the result.</param>
    /// <param name="columnBias">A bias per column.</param>
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
