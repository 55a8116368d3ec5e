using GpuGrad.Kernels.Numerics;
using ILGPU;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>Creates ILGPU contexts with the settings that this program needs.</summary>
/// <remarks>
/// Optimize(O1) is ILGPU's default and must stay: O2 of 1.5.3 moves loads of shared memory from before a
/// <see cref="Group.Barrier"/> to after it.
/// </remarks>
internal static class IlgpuContext
{
    /// <param name="devices">Adds devices to the builder.</param>
    public static Context Create(Action<Context.Builder> devices)
    {
        DriverLibraries.Register();
        return Context.Create(builder =>
        {
            builder.Optimize(OptimizationLevel.O1).EnableAlgorithms();
            FusedMultiplyAdd.Register(builder);
            devices(builder);
        });
    }
}
