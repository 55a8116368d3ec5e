namespace GpuGrad;

/// <summary>Every environment variable that GpuGrad reads; described in <c>docs/switches.md</c>.</summary>
public static class Switches
{
    /// <summary>Bits of the vectors on the CPU: 128, 256 or 512.</summary>
    public const string Simd = "GPUGRAD_SIMD";

    /// <summary>Folder for data sets and compiled kernels instead of the platform's cache folder.</summary>
    public const string Cache = "GPUGRAD_CACHE";

    /// <summary>Guard mode: <c>end</c> or <c>start</c>, the end of every buffer that borders on an inaccessible page.</summary>
    public const string Guard = "GPUGRAD_GUARD";

    /// <summary>What the tests must find (a list of <c>opencl,ptxas,torch,sklearn,onnx,cuda,data,strace</c>): a missing one fails instead of being skipped.</summary>
    public const string Require = "GPUGRAD_REQUIRE";

    /// <summary>1: <c>train</c> says how long after the start of the process its first step was done.</summary>
    public const string Times = "GPUGRAD_TIMES";

    /// <summary>1: the tests run their long forms; set by <c>./test --torture</c>.</summary>
    public const string Torture = "GPUGRAD_TORTURE";

    /// <summary>1: the tests rewrite the generated pages of <c>docs/</c> instead of comparing them.</summary>
    public const string WriteDocs = "GPUGRAD_WRITE_DOCS";
}
