namespace ILGPU.Compiler.Ptx;

/// <summary>Which PTX a device takes: the newest target up to its capability, and the oldest ISA version that knows it.</summary>
internal static class PtxVersion
{
    // Compute capability, ISA version that introduced it, CUDA driver that reads that version. 6.0 at least, for shfl.sync.
    private static readonly (int Architecture, string Isa)[] Targets =
    [
        (50, "6.0"), (52, "6.0"), (60, "6.0"), (61, "6.0"), (70, "6.0"), (75, "6.3"), (80, "7.0"), (86, "7.1"), (89, "7.8"), (90, "7.8"),
        (100, "8.6"), (120, "8.7"),
    ];

    public static (int Architecture, string Isa) For(int capability)
    {
        (int, string) best = Targets[0];
        foreach ((int architecture, string isa) in Targets)
        {
            if (architecture <= capability)
                best = (architecture, isa);
        }
        return best;
    }
}
