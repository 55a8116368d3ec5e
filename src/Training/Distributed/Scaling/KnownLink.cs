namespace GpuGrad.Training.Distributed.Scaling;

/// <summary>A network to forecast for.</summary>
/// <param name="Name">As the table shows it.</param>
/// <param name="Link">Latency and bandwidth, a direction.</param>
public sealed record KnownLink(string Name, Link Link)
{
    /// <summary>
    /// Round figures: the line rate of the standard (NVLink 4: that of an H100's data sheet, one direction), and latencies between two processes as ping-pong tests
    /// usually find them.
    /// </summary>
    public static IReadOnlyList<KnownLink> All { get; } =
    [
        new("Ethernet 10 Gbit/s", Link.Of(30, 1.25)),
        new("InfiniBand HDR 200 Gbit/s", Link.Of(2, 25)),
        new("NVLink 4", Link.Of(2.5, 450)),
    ];
}
