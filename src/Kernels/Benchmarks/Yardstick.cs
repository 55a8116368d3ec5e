namespace GpuGrad.Kernels.Benchmarks;

/// <summary>Result of another library for the same work on the same device.</summary>
/// <param name="Name">The library.</param>
/// <param name="Time">Null if it could not be timed.</param>
/// <param name="Note">Why not; else a remark on its result, or nothing.</param>
public sealed record Yardstick(string Name, Timing? Time, string Note = "");
