namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>a·b + c where the result may or may not be fused. Every driver fuses it.</summary>
internal static class MultiplyAdd
{
    public static float Of(float a, float b, float c) => (a * b) + c;
}
