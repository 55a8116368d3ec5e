using GpuGrad.Tests.Support.Ptx;
using ILGPU.Runtime.Cuda;

/// <summary>
/// Gives a program two CUDA devices that interpret their kernels, without the program knowing: .NET calls this before Main
/// where DOTNET_STARTUP_HOOKS names this assembly.
/// </summary>
internal static class StartupHook
{
    public static void Initialize() => CudaDriver.Instead = InterpretedDriver.Driver;
}
