namespace GpuGrad.Kernels.Devices;

/// <summary>
/// Guard mode: which end of every buffer touches an inaccessible page. Only one end can, byte for byte, since pages are larger than
/// most buffers; past the other end is a pattern that is checked after every op. Each temporary tensor, scratch region and
/// worker's part of one is then a buffer of its own, and holds NaN before the op that writes it runs.
/// </summary>
public enum GuardSide
{
    /// <summary>No guards: buffers, temporaries and scratch share memory as they do for speed.</summary>
    None,

    /// <summary>The last byte of a buffer is the last before the guard.</summary>
    End,

    /// <summary>The first byte of a buffer is the first after the guard.</summary>
    Start,
}

/// <summary>Reads <see cref="Switches.Guard"/>.</summary>
internal static class Guards
{
    /// <summary>Bytes of pattern before and after buffers where pages cannot be protected.</summary>
    public const int Margin = 256;

    /// <summary>Byte pattern of the guards.</summary>
    public const byte Pattern = 0xA5;

    /// <summary>Byte pattern of uninitialized memory: four or eight of them are a NaN.</summary>
    public const byte Poison = 0xFF;

    /// <summary>The guard mode set in the environment.</summary>
    public static GuardSide Wanted { get; } = Environment.GetEnvironmentVariable(Switches.Guard) switch
    {
        null or "" => GuardSide.None,
        "end" => GuardSide.End,
        "start" => GuardSide.Start,
        string other => throw new GpuGradException(Fault.Config, $"{Switches.Guard}={other}: expected end or start."),
    };

    /// <summary>Says how many bytes of a guard have lost its pattern; null if none has.</summary>
    /// <param name="where">Which guard, for the message.</param>
    /// <param name="guard">The guard's content.</param>
    /// <param name="fromEnd">Whether the buffer follows the guard, so that distances count from the guard's end.</param>
    public static string? Explain(string where, ReadOnlySpan<byte> guard, bool fromEnd)
    {
        int first = guard.IndexOfAnyExcept(Pattern);
        if (first < 0)
            return null;
        int distance = fromEnd ? guard.Length - guard.LastIndexOfAnyExcept(Pattern) : first + 1;
        return FormattableString.Invariant($"written {distance} bytes {where}");
    }
}
