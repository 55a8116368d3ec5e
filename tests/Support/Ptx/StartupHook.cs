using GpuGrad.Tests.Support.Ptx;

/// <summary>
/// Gives a program two CUDA devices that interpret their kernels, without the program knowing: .NET calls this before Main
/// where DOTNET_STARTUP_HOOKS names this assembly.
/// </summary>
internal static class StartupHook
{
    /// <summary>How many launches the devices live, where a test loses them.</summary>
    public const string LostAfter = "GPUGRAD_TEST_LOST_AFTER";

    /// <summary>1 where cuBLAS is installed too.</summary>
    public const string Cublas = "GPUGRAD_TEST_CUBLAS";

    /// <summary>A folder where ranks meet, where NCCL is installed too.</summary>
    public const string Nccl = "GPUGRAD_TEST_NCCL";

    public static void Initialize()
    {
        InterpretedDriver.Load(80, 75);
        if (Environment.GetEnvironmentVariable(Cublas) == "1")
            StandInBlas.Load();
        if (Environment.GetEnvironmentVariable(Nccl) is { } folder)
            StandInNccl.Load(folder);
        if (long.TryParse(Environment.GetEnvironmentVariable(LostAfter), out long launches))
            InterpretedDriver.LostAfter = launches;
    }
}
