using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Numerics;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Device = GpuGrad.Kernels.Devices.Device;

namespace GpuGrad.Kernels.Benchmarks;

/// <summary>
/// NVIDIA's own GEMM, by the binding in ILGPU.Algorithms: what ours is measured against on a CUDA device where
/// cuBLAS is installed.
/// </summary>
internal static class CublasGemm
{
    // CUBLAS_TF32_TENSOR_OP_MATH; ILGPU's enumeration is older.
    private const CuBlasMathMode Tf32Math = (CuBlasMathMode)3;

    /// <summary>Times [m, k] × [k, n]; null on other devices, and for bf16, which the binding lacks.</summary>
    /// <exception cref="GpuGradException">Its result is wrong, so its time would mean nothing.</exception>
    public static Yardstick? Of(Device device, Precision precision, int m, int k, int n, double seconds)
    {
        if (device is not IlgpuDevice { Accelerator: CudaAccelerator accelerator } kernels || precision == Precision.Bf16)
            return null;
        accelerator.Bind();
        using CuBlas? library = Open(accelerator);
        if (library is null)
            return new Yardstick("cuBLAS", null, "not installed");
        var stream = (CudaStream)kernels.Loader.Stream;
        library.Stream = stream;
        library.MathMode = precision == Precision.Tf32 ? Tf32Math : CuBlasMathMode.DefaultMath;
        using MemoryBuffer1D<float, Stride1D.Dense> a = Filled(accelerator, stream, (long)m * k, 1), b = Filled(accelerator, stream, (long)k * n, 1), c = Filled(accelerator, stream, (long)m * n, 0);

        // cuBLAS is column-major, so it computes Cᵀ = Bᵀ·Aᵀ.
        void Multiply()
        {
            library.Gemm(CuBlasOperation.NonTranspose, CuBlasOperation.NonTranspose, n, m, k, 1f, b.View, n, a.View, k, 0f, c.View, n);
            stream.Synchronize();
        }

        Multiply();
        RequireEach(k, c, stream);
        return new Yardstick("cuBLAS", Timing.Of(Multiply, seconds));
    }

    private static CuBlas? Open(CudaAccelerator accelerator)
    {
        try
        {
            return new CuBlas(accelerator);
        }
        catch (Exception e) when (e is DllNotFoundException or NotSupportedException or EntryPointNotFoundException or CuBlasException)
        {
            return null;
        }
    }

    private static MemoryBuffer1D<float, Stride1D.Dense> Filled(CudaAccelerator accelerator, CudaStream stream, long count, float value)
    {
        MemoryBuffer1D<float, Stride1D.Dense> buffer = accelerator.Allocate1D<float>(count);
        float[] values = new float[count];
        Array.Fill(values, value);
        buffer.View.CopyFromCPU(stream, values);
        return buffer;
    }

    // A sum of k ones is exact in every precision that is asked for.
    private static void RequireEach(int k, MemoryBuffer1D<float, Stride1D.Dense> c, CudaStream stream)
    {
        float[] result = new float[c.Length];
        c.View.CopyToCPU(stream, result);
        stream.Synchronize();
        int wrong = Array.FindIndex(result, v => v != k);
        if (wrong >= 0)
            throw new GpuGradException(Fault.Device, FormattableString.Invariant($"cuBLAS gives {result[wrong]} for a sum of {k} ones, so it is not timed"));
    }
}
