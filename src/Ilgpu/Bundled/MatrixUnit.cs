using ILGPU.Runtime.Cuda;

namespace ILGPU.Bundled;

/// <summary>
/// The tensor cores of CUDA devices of compute capability 8.0 and newer: D = A·B + D by a whole warp, 16 rows and 8 columns,
/// sums in float. Each instruction has more operands than CudaAsm takes in the package. How the lanes hold the matrices: PTX
/// ISA, "Matrix Fragments for mma.m16n8k8" and "mma.m16n8k16".
/// </summary>
public static class MatrixUnit
{
    /// <summary>8 steps of the sum; words are floats of which the upper 19 bits count.</summary>
    public static void MultiplyTf32(ref float d0, ref float d1, ref float d2, ref float d3, uint a0, uint a1, uint a2, uint a3, uint b0, uint b1)
    {
        Ref<float> e0 = d0, e1 = d1, e2 = d2, e3 = d3;
        Input<uint> x0 = a0, x1 = a1, x2 = a2, x3 = a3, y0 = b0, y1 = b1;
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};",
            ref e0, ref e1, ref e2, ref e3, ref x0, ref x1, ref x2, ref x3, ref y0, ref y1);
        (d0, d1, d2, d3) = (e0.Value, e1.Value, e2.Value, e3.Value);
    }

    /// <summary>16 steps of the sum; a word is two bfloat16, the earlier step in its lower half.</summary>
    public static void MultiplyBf16(ref float d0, ref float d1, ref float d2, ref float d3, uint a0, uint a1, uint a2, uint a3, uint b0, uint b1)
    {
        Ref<float> e0 = d0, e1 = d1, e2 = d2, e3 = d3;
        Input<uint> x0 = a0, x1 = a1, x2 = a2, x3 = a3, y0 = b0, y1 = b1;
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};",
            ref e0, ref e1, ref e2, ref e3, ref x0, ref x1, ref x2, ref x3, ref y0, ref y1);
        (d0, d1, d2, d3) = (e0.Value, e1.Value, e2.Value, e3.Value);
    }
}
