using GpuGrad.Tests.Support.Ptx;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>
/// The devices every feature is tested on. One that the machine lacks is a visible skip, and a failure where
/// GPUGRAD_REQUIRE names it.
/// </summary>
public static class TestDevice
{
    public const string Emulated = "emulated", Ptx = "ptx", OpenCL = "opencl";

    private static readonly Lazy<Accelerator> EmulatedAccelerator = new(() =>
        Context.Create(b => b.CPU(CPUDeviceKind.Nvidia)).CreateCPUAccelerator(0));

    private static readonly Lazy<Accelerator> PtxAccelerator = new(() => PtxInterpreter.Create());

    private static readonly Lazy<Accelerator?> OpenClAccelerator = new(() =>
    {
        Context context = Context.Create(b => b.OpenCL().Profiling());
        return context.GetCLDevices().Count > 0 ? context.CreateCLAccelerator(0) : null;
    });

    public static TheoryData<string> All => [Emulated, Ptx, OpenCL];

    /// <summary>Those that compile kernels.</summary>
    public static TheoryData<string> Compiled => [Ptx, OpenCL];

    public static Accelerator Open(string name)
    {
        Accelerator? accelerator = name switch
        {
            Emulated => EmulatedAccelerator.Value,
            OpenCL => OpenClAccelerator.Value,
            Ptx => PtxAccelerator.Value,
            _ => null,
        };
        if (accelerator == null && Requires(name))
            Assert.Fail($"GPUGRAD_REQUIRE asks for {name}, and this machine has no such device.");
        Skip.If(accelerator == null, $"No {name} device on this machine.");
        return accelerator!;
    }

    /// <summary>A context of its own with that device alone.</summary>
    public static Context NewContext(string name) => Context.Create(b => _ = name switch
    {
        Emulated => b.CPU(CPUDeviceKind.Nvidia),
        Ptx => b.Interpreted(),
        _ => b.OpenCL().Profiling(),
    });

    private static bool Requires(string name) =>
        (Environment.GetEnvironmentVariable("GPUGRAD_REQUIRE") ?? "").Split(',', StringSplitOptions.TrimEntries).Contains(name);
}
