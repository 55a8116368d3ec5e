using ILGPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Util;

namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>
/// A tensor core data type: how factors are rounded and stored in shared memory, and the mma instruction. A tile's row has 16 words of one or two
/// factors; an instruction multiplies 16 rows of the left tile with 8 of the right one, 8 words of each.
/// </summary>
/// <remarks>
/// Sums and fragments are registers declared in the assembly: ILGPU would keep operands that are both read and written in local
/// memory. Sum <c>acc(16 i + 4 j + e)</c> belongs to the 16 rows from 16 i and the 8 columns from 8 j; lane 4 g + t has rows g (e = 0, 1) and g + 8
/// (2, 3), columns 2 t and 2 t + 1 (PTX ISA, "Matrix Fragments for mma").
/// </remarks>
internal interface ITensorUnit : ILayout
{
    /// <summary>Factors per word.</summary>
    static abstract int PerWord { get; }

    /// <summary>Multiplies 32 rows of the left tile with 32 of the right one; arguments are the byte offsets of this lane's rows for ldmatrix.</summary>
    static abstract void Multiply32(int left, int right);

    /// <summary>The same with 64 rows of the left tile.</summary>
    static abstract void Multiply64(int left, int right);
}

internal readonly struct Tf32Unit : ITensorUnit
{
    private const string Mma = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 ";

    public static int PerWord => 1;

    public static bool TakesBeside => false;

    public static int Place(int i, int k, int row) => (i * row) + k;

    public static void Put(ArrayView<float> tile, int at, int row, Float4 four) => CudaAsm.Emit(
        "add.u32 ra, base, %0;\ncvt.rna.tf32.f32 fa0, %1;\ncvt.rna.tf32.f32 fa1, %2;\ncvt.rna.tf32.f32 fa2, %3;\ncvt.rna.tf32.f32 fa3, %4;\nst.shared.v4.b32 [ra], {fa0, fa1, fa2, fa3};\n",
        at * 4, four.X, four.Y, four.Z, four.W);

    public static void Multiply32(int left, int right) => CudaAsm.Emit(
        TensorAssembly.Addresses + TensorAssembly.Right + TensorAssembly.Left0
        + Mma + TensorAssembly.M00 + Mma + TensorAssembly.M01 + Mma + TensorAssembly.M02 + Mma + TensorAssembly.M03
        + Mma + TensorAssembly.M10 + Mma + TensorAssembly.M11 + Mma + TensorAssembly.M12 + Mma + TensorAssembly.M13, left, right);

    public static void Multiply64(int left, int right) => CudaAsm.Emit(
        TensorAssembly.Addresses + TensorAssembly.Right + TensorAssembly.Left0 + TensorAssembly.Left2
        + Mma + TensorAssembly.M00 + Mma + TensorAssembly.M01 + Mma + TensorAssembly.M02 + Mma + TensorAssembly.M03
        + Mma + TensorAssembly.M10 + Mma + TensorAssembly.M11 + Mma + TensorAssembly.M12 + Mma + TensorAssembly.M13
        + Mma + TensorAssembly.M20 + Mma + TensorAssembly.M21 + Mma + TensorAssembly.M22 + Mma + TensorAssembly.M23
        + Mma + TensorAssembly.M30 + Mma + TensorAssembly.M31 + Mma + TensorAssembly.M32 + Mma + TensorAssembly.M33, left, right);
}

internal readonly struct Bf16Unit : ITensorUnit
{
    private const string Mma = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 ";

    public static int PerWord => 2;

    public static bool TakesBeside => false;

    public static int Place(int i, int k, int row) => (i * row) + (k / 2);

    // Two factors per word, the first in its lower half.
    public static void Put(ArrayView<float> tile, int at, int row, Float4 four) => CudaAsm.Emit(
        "add.u32 ra, base, %0;\ncvt.rn.bf16x2.f32 fa0, %2, %1;\ncvt.rn.bf16x2.f32 fa1, %4, %3;\nst.shared.v2.b32 [ra], {fa0, fa1};\n",
        at * 4, four.X, four.Y, four.Z, four.W);

    public static void Multiply32(int left, int right) => CudaAsm.Emit(
        TensorAssembly.Addresses + TensorAssembly.Right + TensorAssembly.Left0
        + Mma + TensorAssembly.M00 + Mma + TensorAssembly.M01 + Mma + TensorAssembly.M02 + Mma + TensorAssembly.M03
        + Mma + TensorAssembly.M10 + Mma + TensorAssembly.M11 + Mma + TensorAssembly.M12 + Mma + TensorAssembly.M13, left, right);

    public static void Multiply64(int left, int right) => CudaAsm.Emit(
        TensorAssembly.Addresses + TensorAssembly.Right + TensorAssembly.Left0 + TensorAssembly.Left2
        + Mma + TensorAssembly.M00 + Mma + TensorAssembly.M01 + Mma + TensorAssembly.M02 + Mma + TensorAssembly.M03
        + Mma + TensorAssembly.M10 + Mma + TensorAssembly.M11 + Mma + TensorAssembly.M12 + Mma + TensorAssembly.M13
        + Mma + TensorAssembly.M20 + Mma + TensorAssembly.M21 + Mma + TensorAssembly.M22 + Mma + TensorAssembly.M23
        + Mma + TensorAssembly.M30 + Mma + TensorAssembly.M31 + Mma + TensorAssembly.M32 + Mma + TensorAssembly.M33, left, right);
}
