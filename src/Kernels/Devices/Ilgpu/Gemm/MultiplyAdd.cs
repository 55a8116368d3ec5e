namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>a·b + c in sums, where it does not matter whether the driver fuses it. Every driver does.</summary>
internal static class MultiplyAdd
{
    public static float Of(float a, float b, float c) => (a * b) + c;
}
