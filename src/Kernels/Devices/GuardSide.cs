namespace GpuGrad.Kernels.Devices;

/// <summary>
/// Guard mode: which end of every buffer lies against memory that nobody may touch. Only one can, byte for byte, since pages are larger
/// than most buffers; behind the other lies a pattern that is looked at after every op. Each temporary tensor, scratch region and
/// worker's part of one is then a buffer of its own, and holds NaN before the op that writes it runs.
/// </summary>
public enum GuardSide
{
    /// <summary>No guards: buffers, temporaries and scratch share memory as they do for speed.</summary>
    None,

    /// <summary>The last byte of a buffer is the last before the guard.</summary>
    End,

    /// <summary>The first byte of a buffer is the first behind the guard.</summary>
    Start,
}

/// <summary>Reads <see cref="Switches.Guard"/>.</summary>
internal static class Guards
{
    /// <summary>Bytes of pattern before and behind buffers where no page can be forbidden.</summary>
    public const int Margin = 256;

    /// <summary>Byte pattern of the guards.</summary>
    public const byte Pattern = 0xA5;

    /// <summary>Byte pattern of uninitialized memory: four or eight of them are a NaN.</summary>
    public const byte Poison = 0xFF;

    /// <summary>The guard mode that the environment asks for.</summary>
    public static GuardSide Wanted { get; } = Environment.GetEnvironmentVariable(Switches.Guard) switch
    {
        null or "" => GuardSide.None,
        "end" => GuardSide.End,
        "start" => GuardSide.Start,
        string other => throw new GpuGradException(Fault.Config, $"{Switches.Guard}={other}: expected end or start."),
    };

    /// <summary>Says how many bytes of a guard are no longer its pattern; null when none is.</summary>
    /// <param name="where">Which guard.</param>
    /// <param name="guard">Its content.</param>
    /// <param name="fromEnd">Whether the buffer lies behind it, so that distances count from its end.</param>
    public static string? Explain(string where, ReadOnlySpan<byte> guard, bool fromEnd)
    {
        int first = guard.IndexOfAnyExcept(Pattern);
        if (first < 0)
            return null;
        int distance = fromEnd ? guard.Length - guard.LastIndexOfAnyExcept(Pattern) : first + 1;
        return FormattableString.Invariant($"written {distance} bytes {where}");
    }
}
