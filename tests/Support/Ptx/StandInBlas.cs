using System.Runtime.InteropServices;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>As much of cuBLAS 12 as a product in float32 takes, over the memory of <see cref="InterpretedDriver"/>, which is the host's.</summary>
internal static unsafe class StandInBlas
{
    private const int Success = 0, InvalidValue = 7, Version = 120400;

    public static void Load() => StubLibrary.Load("libcublas.so.12", new Dictionary<string, nint>
    {
        ["cublasCreate_v2"] = (nint)(delegate* unmanaged<nint*, int>)&Create,
        ["cublasDestroy_v2"] = (nint)(delegate* unmanaged<nint, int>)&Destroy,
        ["cublasGetVersion_v2"] = (nint)(delegate* unmanaged<nint, int*, int>)&GetVersion,
        ["cublasSetStream_v2"] = (nint)(delegate* unmanaged<nint, nint, int>)&SetStream,
        ["cublasSetMathMode"] = (nint)(delegate* unmanaged<nint, int, int>)&SetMode,
        ["cublasSetPointerMode_v2"] = (nint)(delegate* unmanaged<nint, int, int>)&SetMode,
        ["cublasSgemm_v2"] = (nint)(delegate* unmanaged<nint, int, int, int, int, int, float*, float*, int, float*, int, float*, float*, int, int>)&Multiply,
    });

    [UnmanagedCallersOnly]
    private static int Create(nint* handle)
    {
        *handle = 1;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int Destroy(nint handle) => Success;

    [UnmanagedCallersOnly]
    private static int GetVersion(nint handle, int* version)
    {
        *version = Version;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static int SetStream(nint handle, nint stream) => Success;

    [UnmanagedCallersOnly]
    private static int SetMode(nint handle, int mode) => Success;

    // C = αAB + βC with columns adjacent, factors not transposed.
    [UnmanagedCallersOnly]
    private static int Multiply(nint handle, int transposeA, int transposeB, int m, int n, int k, float* alpha, float* a, int lda, float* b, int ldb, float* beta, float* c, int ldc)
    {
        if (transposeA != 0 || transposeB != 0 || lda < m || ldb < k || ldc < m)
            return InvalidValue;
        for (int column = 0; column < n; column++)
        {
            for (int row = 0; row < m; row++)
            {
                float sum = 0;
                for (int i = 0; i < k; i++)
                    sum += a[row + (i * lda)] * b[i + (column * ldb)];
                float* to = c + row + (column * ldc);
                *to = (*alpha * sum) + (*beta == 0 ? 0 : *beta * *to);
            }
        }
        return Success;
    }
}
