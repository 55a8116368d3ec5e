namespace GpuGrad.Tests.Support.Ptx;

/// <summary>How many warps of a kernel live on a multiprocessor at once (CUDA C Programming Guide, "Compute Capabilities").</summary>
/// <param name="Warps">At most.</param>
/// <param name="Groups">At most.</param>
/// <param name="SharedBytes">For all groups together, of which each loses <paramref name="ReservedBytes"/>.</param>
/// <param name="ReservedBytes">Of a group, for the system.</param>
public sealed record Multiprocessor(int Warps, int Groups, int SharedBytes, int ReservedBytes)
{
    private const int Registers = 65536, RegisterUnit = 256; // a warp's registers come in units

    /// <summary>Of a compute capability; 80 is 8.0.</summary>
    public static Multiprocessor Of(int capability) => capability switch
    {
        75 => new(32, 16, 64 << 10, 0),
        80 => new(64, 32, 164 << 10, 1024),
        86 => new(48, 16, 100 << 10, 1024),
        89 => new(48, 24, 100 << 10, 1024),
        90 => new(64, 32, 228 << 10, 1024),
        _ => throw new ArgumentOutOfRangeException(nameof(capability)),
    };

    /// <summary>Warps of groups of so many threads.</summary>
    public int ResidentWarps(Assembled code, int threads)
    {
        int warps = (threads + 31) / 32, perWarp = (code.Registers * 32 + RegisterUnit - 1) / RegisterUnit * RegisterUnit;
        int byRegisters = Registers / Math.Max(perWarp, RegisterUnit) / warps;
        int byShared = SharedBytes / Math.Max(1, code.Shared + ReservedBytes);
        return Math.Min(Math.Min(Math.Min(byRegisters, byShared), Groups), Warps / warps) * warps;
    }
}
