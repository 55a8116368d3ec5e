namespace GpuGrad.Kernels.Benchmarks;

/// <summary>Another library's figure for the same work on the same device.</summary>
/// <param name="Name">The library.</param>
/// <param name="Time">Null where it could not be timed.</param>
/// <param name="Note">Why not; else what is known of its result besides the time, or nothing.</param>
public sealed record Yardstick(string Name, Timing? Time, string Note = "");
