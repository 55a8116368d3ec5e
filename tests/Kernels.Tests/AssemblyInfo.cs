using System.Runtime.CompilerServices;
using GpuGrad.Tests.Support.Ptx;

namespace GpuGrad.Kernels.Tests;

internal static class AssemblyInfo
{
    /// <summary>The CUDA devices of these tests are interpreted; ILGPU looks for a driver once, so it must be there first.</summary>
#pragma warning disable CA2255 // Meant for programs: this is one, and nothing else runs early enough.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void LoadInterpreter() => PtxInterpreter.Load();
}
