using ILGPU.Runtime.Cuda;

namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>PTX for the tensor cores, with its own registers; <see cref="ITensorUnit"/> describes their contents.</summary>
internal static class TensorAssembly
{
    /// <summary>Row stride in shared memory, in words: 16 and a pad of 4, so that the eight rows of 16 bytes that ldmatrix reads at once are in different banks.</summary>
    public const int Row = 20;

    // Turns the byte offsets %0 and %1 into addresses in the kernel's first shared array, by ILGPU's name for it.
    public const string Addresses = "add.u32 ra, base, %0;\nadd.u32 rb, base, %1;\n";

    // Fragments of 32 rows of the right tile, and of rows 0 to 31 and 32 to 63 of the left one: 16 rows take 16 · 20 · 4 = 1280 bytes.
    public const string Right = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {fb0, fb1, fb2, fb3}, [rb];\nldmatrix.sync.aligned.m8n8.x4.shared.b16 {fb4, fb5, fb6, fb7}, [rb+1280];\n";
    public const string Left0 = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {fa0, fa1, fa2, fa3}, [ra];\nldmatrix.sync.aligned.m8n8.x4.shared.b16 {fa4, fa5, fa6, fa7}, [ra+1280];\n";
    public const string Left2 = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {fa8, fa9, fa10, fa11}, [ra+2560];\nldmatrix.sync.aligned.m8n8.x4.shared.b16 {fa12, fa13, fa14, fa15}, [ra+3840];\n";

    // Operands of the mma instruction for row block i (16 rows of the left tile) and row block j (8 rows of the right one).
    public const string M00 = "{acc0, acc1, acc2, acc3}, {fa0, fa1, fa2, fa3}, {fb0, fb1}, {acc0, acc1, acc2, acc3};\n";
    public const string M01 = "{acc4, acc5, acc6, acc7}, {fa0, fa1, fa2, fa3}, {fb2, fb3}, {acc4, acc5, acc6, acc7};\n";
    public const string M02 = "{acc8, acc9, acc10, acc11}, {fa0, fa1, fa2, fa3}, {fb4, fb5}, {acc8, acc9, acc10, acc11};\n";
    public const string M03 = "{acc12, acc13, acc14, acc15}, {fa0, fa1, fa2, fa3}, {fb6, fb7}, {acc12, acc13, acc14, acc15};\n";
    public const string M10 = "{acc16, acc17, acc18, acc19}, {fa4, fa5, fa6, fa7}, {fb0, fb1}, {acc16, acc17, acc18, acc19};\n";
    public const string M11 = "{acc20, acc21, acc22, acc23}, {fa4, fa5, fa6, fa7}, {fb2, fb3}, {acc20, acc21, acc22, acc23};\n";
    public const string M12 = "{acc24, acc25, acc26, acc27}, {fa4, fa5, fa6, fa7}, {fb4, fb5}, {acc24, acc25, acc26, acc27};\n";
    public const string M13 = "{acc28, acc29, acc30, acc31}, {fa4, fa5, fa6, fa7}, {fb6, fb7}, {acc28, acc29, acc30, acc31};\n";
    public const string M20 = "{acc32, acc33, acc34, acc35}, {fa8, fa9, fa10, fa11}, {fb0, fb1}, {acc32, acc33, acc34, acc35};\n";
    public const string M21 = "{acc36, acc37, acc38, acc39}, {fa8, fa9, fa10, fa11}, {fb2, fb3}, {acc36, acc37, acc38, acc39};\n";
    public const string M22 = "{acc40, acc41, acc42, acc43}, {fa8, fa9, fa10, fa11}, {fb4, fb5}, {acc40, acc41, acc42, acc43};\n";
    public const string M23 = "{acc44, acc45, acc46, acc47}, {fa8, fa9, fa10, fa11}, {fb6, fb7}, {acc44, acc45, acc46, acc47};\n";
    public const string M30 = "{acc48, acc49, acc50, acc51}, {fa12, fa13, fa14, fa15}, {fb0, fb1}, {acc48, acc49, acc50, acc51};\n";
    public const string M31 = "{acc52, acc53, acc54, acc55}, {fa12, fa13, fa14, fa15}, {fb2, fb3}, {acc52, acc53, acc54, acc55};\n";
    public const string M32 = "{acc56, acc57, acc58, acc59}, {fa12, fa13, fa14, fa15}, {fb4, fb5}, {acc56, acc57, acc58, acc59};\n";
    public const string M33 = "{acc60, acc61, acc62, acc63}, {fa12, fa13, fa14, fa15}, {fb6, fb7}, {acc60, acc61, acc62, acc63};\n";

    /// <summary>Declares the registers and zeroes the sums; once per kernel.</summary>
    public static void Begin() => CudaAsm.Emit(
        ".reg .f32 acc<64>;\n.reg .b32 fa<16>, fb<8>, ra, rb, base;\nmov.u32 base, __shared_alloca0;\n"
        + "mov.f32 acc0, 0f00000000; mov.f32 acc1, 0f00000000; mov.f32 acc2, 0f00000000; mov.f32 acc3, 0f00000000;\n"
        + "mov.f32 acc4, 0f00000000; mov.f32 acc5, 0f00000000; mov.f32 acc6, 0f00000000; mov.f32 acc7, 0f00000000;\n"
        + "mov.f32 acc8, 0f00000000; mov.f32 acc9, 0f00000000; mov.f32 acc10, 0f00000000; mov.f32 acc11, 0f00000000;\n"
        + "mov.f32 acc12, 0f00000000; mov.f32 acc13, 0f00000000; mov.f32 acc14, 0f00000000; mov.f32 acc15, 0f00000000;\n"
        + "mov.f32 acc16, 0f00000000; mov.f32 acc17, 0f00000000; mov.f32 acc18, 0f00000000; mov.f32 acc19, 0f00000000;\n"
        + "mov.f32 acc20, 0f00000000; mov.f32 acc21, 0f00000000; mov.f32 acc22, 0f00000000; mov.f32 acc23, 0f00000000;\n"
        + "mov.f32 acc24, 0f00000000; mov.f32 acc25, 0f00000000; mov.f32 acc26, 0f00000000; mov.f32 acc27, 0f00000000;\n"
        + "mov.f32 acc28, 0f00000000; mov.f32 acc29, 0f00000000; mov.f32 acc30, 0f00000000; mov.f32 acc31, 0f00000000;\n"
        + "mov.f32 acc32, 0f00000000; mov.f32 acc33, 0f00000000; mov.f32 acc34, 0f00000000; mov.f32 acc35, 0f00000000;\n"
        + "mov.f32 acc36, 0f00000000; mov.f32 acc37, 0f00000000; mov.f32 acc38, 0f00000000; mov.f32 acc39, 0f00000000;\n"
        + "mov.f32 acc40, 0f00000000; mov.f32 acc41, 0f00000000; mov.f32 acc42, 0f00000000; mov.f32 acc43, 0f00000000;\n"
        + "mov.f32 acc44, 0f00000000; mov.f32 acc45, 0f00000000; mov.f32 acc46, 0f00000000; mov.f32 acc47, 0f00000000;\n"
        + "mov.f32 acc48, 0f00000000; mov.f32 acc49, 0f00000000; mov.f32 acc50, 0f00000000; mov.f32 acc51, 0f00000000;\n"
        + "mov.f32 acc52, 0f00000000; mov.f32 acc53, 0f00000000; mov.f32 acc54, 0f00000000; mov.f32 acc55, 0f00000000;\n"
        + "mov.f32 acc56, 0f00000000; mov.f32 acc57, 0f00000000; mov.f32 acc58, 0f00000000; mov.f32 acc59, 0f00000000;\n"
        + "mov.f32 acc60, 0f00000000; mov.f32 acc61, 0f00000000; mov.f32 acc62, 0f00000000; mov.f32 acc63, 0f00000000;\n");

    /// <summary>Stores the sums of row block <paramref name="i"/> (16 rows): this lane's two in each 8 columns of an upper and a lower row, at the byte offsets of its first column.</summary>
    public static void Store(int i, int upper, int lower)
    {
        if (i == 0)
            CudaAsm.Emit(
                Addresses
                + "st.shared.v2.f32 [ra], {acc0, acc1};\nst.shared.v2.f32 [rb], {acc2, acc3};\n"
                + "st.shared.v2.f32 [ra+32], {acc4, acc5};\nst.shared.v2.f32 [rb+32], {acc6, acc7};\n"
                + "st.shared.v2.f32 [ra+64], {acc8, acc9};\nst.shared.v2.f32 [rb+64], {acc10, acc11};\n"
                + "st.shared.v2.f32 [ra+96], {acc12, acc13};\nst.shared.v2.f32 [rb+96], {acc14, acc15};\n", upper, lower);
        else if (i == 1)
            CudaAsm.Emit(
                Addresses
                + "st.shared.v2.f32 [ra], {acc16, acc17};\nst.shared.v2.f32 [rb], {acc18, acc19};\n"
                + "st.shared.v2.f32 [ra+32], {acc20, acc21};\nst.shared.v2.f32 [rb+32], {acc22, acc23};\n"
                + "st.shared.v2.f32 [ra+64], {acc24, acc25};\nst.shared.v2.f32 [rb+64], {acc26, acc27};\n"
                + "st.shared.v2.f32 [ra+96], {acc28, acc29};\nst.shared.v2.f32 [rb+96], {acc30, acc31};\n", upper, lower);
        else if (i == 2)
            CudaAsm.Emit(
                Addresses
                + "st.shared.v2.f32 [ra], {acc32, acc33};\nst.shared.v2.f32 [rb], {acc34, acc35};\n"
                + "st.shared.v2.f32 [ra+32], {acc36, acc37};\nst.shared.v2.f32 [rb+32], {acc38, acc39};\n"
                + "st.shared.v2.f32 [ra+64], {acc40, acc41};\nst.shared.v2.f32 [rb+64], {acc42, acc43};\n"
                + "st.shared.v2.f32 [ra+96], {acc44, acc45};\nst.shared.v2.f32 [rb+96], {acc46, acc47};\n", upper, lower);
        else
            CudaAsm.Emit(
                Addresses
                + "st.shared.v2.f32 [ra], {acc48, acc49};\nst.shared.v2.f32 [rb], {acc50, acc51};\n"
                + "st.shared.v2.f32 [ra+32], {acc52, acc53};\nst.shared.v2.f32 [rb+32], {acc54, acc55};\n"
                + "st.shared.v2.f32 [ra+64], {acc56, acc57};\nst.shared.v2.f32 [rb+64], {acc58, acc59};\n"
                + "st.shared.v2.f32 [ra+96], {acc60, acc61};\nst.shared.v2.f32 [rb+96], {acc62, acc63};\n", upper, lower);
    }
}
