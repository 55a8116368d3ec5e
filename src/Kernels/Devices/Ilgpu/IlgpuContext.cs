using GpuGrad.Kernels.Numerics;
using ILGPU;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>Every ILGPU context of this program, made in one way.</summary>
/// <remarks>
/// Optimize(O1) is ILGPU's default and must stay: O2 of 1.5.3 moves loads of shared memory that stand before a
/// <see cref="Group.Barrier"/> behind it.
/// </remarks>
internal static class IlgpuContext
{
    /// <param name="devices">Adds the devices wanted.</param>
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
