namespace GpuGrad.Kernels.Devices.Accelerated.Products;

/// <summary>a·b + c in sums, where it does not matter whether the driver fuses it. Every driver does.</summary>
internal static class MultiplyAdd
{
    public static float Of(float a, float b, float c) => (a * b) + c;
}

/// <summary>Products of small matrices by a warp; <see cref="IMatrixUnit"/> says how the lanes hold them.</summary>
internal static class TensorCores
{
    public static bool AreOn(ILGPU.Runtime.Accelerator accelerator)
    {
        _ = accelerator;
        return false;
    }

    public static void MultiplyTf32(ref float d0, ref float d1, ref float d2, ref float d3, uint a0, uint a1, uint a2, uint a3, uint b0, uint b1) => throw new NotSupportedException();

    public static void MultiplyBf16(ref float d0, ref float d1, ref float d2, ref float d3, uint a0, uint a1, uint a2, uint a3, uint b0, uint b1) => throw new NotSupportedException();
}
