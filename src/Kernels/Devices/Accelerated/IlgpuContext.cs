using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GpuGrad.Kernels.Numerics;
using ILGPU;

namespace GpuGrad.Kernels.Devices.Accelerated;

/// <summary>Every ILGPU context of this program, made in one way.</summary>
/// <remarks>
/// Optimize(O1) is ILGPU's default and must stay: O2 of 1.5.3 moves loads of shared memory that stand before a
/// <see cref="Group.Barrier"/> behind it.
/// </remarks>
internal static class IlgpuContext
{
    /// <param name="devices">Adds the devices wanted.</param>
    public static Context Create(Action<Context.Builder> devices) => Context.Create(builder =>
    {
        devices(builder);
        builder.Optimize(OptimizationLevel.O1).EnableAlgorithms();
        FusedMultiplyAdd.Register(builder);
    });

    // ILGPU asks for "OpenCL" and "cuda", which Linux resolves to libOpenCL.so and libcuda.so: names that only development
    // packages bring. Drivers bring the names with a version.
#pragma warning disable CA2255 // Meant for programs: it has to run before ILGPU's first call of a driver, whoever makes it.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void FindDrivers() => NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, Resolve);

    internal static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        string? versioned = OperatingSystem.IsLinux() ? name switch { "OpenCL" => "libOpenCL.so.1", "cuda" => "libcuda.so.1", _ => null } : null;
        return versioned is not null && NativeLibrary.TryLoad(versioned, assembly, path, out nint library) ? library : 0; // 0: resolve as usual
    }
}
