using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>
/// Finds the drivers' libraries by the names their run-time packages install. ILGPU asks for <c>libOpenCL.so</c> and <c>libcuda.so</c>,
/// which on Linux belong to development packages.
/// </summary>
internal static class DriverLibraries
{
    static DriverLibraries()
    {
        NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, Resolve);
        NativeLibrary.SetDllImportResolver(typeof(DriverLibraries).Assembly, Resolve);
    }

    /// <summary>The file of NVIDIA's driver.</summary>
    public static string Cuda => OperatingSystem.IsLinux() ? "libcuda.so.1" : "nvcuda";

    /// <summary>Call this before ILGPU's first driver call.</summary>
    public static void Register()
    {
        // The static constructor does the work.
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        string? versioned = name switch
        {
            "OpenCL" when OperatingSystem.IsLinux() => "libOpenCL.so.1",
            "cuda" => Cuda,
            _ => null,
        };
        return versioned is not null && NativeLibrary.TryLoad(versioned, out nint library) ? library : 0; // 0: resolve as usual
    }
}
