using System.Runtime.CompilerServices;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>CUDA without a GPU: a driver in the place of libcuda, whose devices interpret the PTX text that ILGPU compiles kernels to.</summary>
public static class PtxInterpreter
{
    /// <summary>
    /// Gives this process CUDA devices of compute capability 8.0, 7.5, 8.6, 8.9 and 9.0, in this order. Must come before anything asks for devices:
    /// ILGPU looks for libcuda once.
    /// </summary>
    public static void Load() => InterpretedDriver.Load(80, 75, 86, 89, 90);

    /// <summary>Kernels launched on all interpreted devices so far.</summary>
    public static long Launches => Interlocked.Read(ref InterpretedDriver.Launches);

    /// <summary>What the last kernel that failed did, with the line of its text; a driver tells a code only.</summary>
    public static string? LastFault => InterpretedDriver.LastFault;

    /// <summary>Every text that devices have been given, with the device's compute capability, in order.</summary>
    public static IReadOnlyCollection<(int Capability, string Text)> Texts => InterpretedDriver.Texts;

    /// <summary>Checks PTX text as far as ptxas would; throws <see cref="PtxSyntaxException"/>.</summary>
    public static void Verify(string ptx) => PtxDecoder.Decode(ptx);

    /// <summary>Tests keep their compiled kernels apart from the user's.</summary>
#pragma warning disable CA2255 // Meant for programs: this library is part of test programs, and this must run before a kernel is built.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void UseOwnCache()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("GPUGRAD_CACHE")))
            Environment.SetEnvironmentVariable("GPUGRAD_CACHE", Path.Combine(Path.GetTempPath(), "gpugrad-tests"));
    }
}
