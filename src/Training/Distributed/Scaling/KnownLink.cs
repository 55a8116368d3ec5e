namespace GpuGrad.Training.Distributed.Scaling;

/// <summary>A kind of network for forecasts.</summary>
/// <param name="Name">Name in the table.</param>
/// <param name="Link">Latency and bandwidth in one direction.</param>
public sealed record KnownLink(string Name, Link Link)
{
    /// <summary>
    /// Round figures: the line rate of the standard (NVLink 4: that in an H100's data sheet, one direction), and typical latencies between two processes in ping-pong
    /// tests.
    /// </summary>
    public static IReadOnlyList<KnownLink> All { get; } =
    [
        new("Ethernet 10 Gbit/s", Link.Of(30, 1.25)),
        new("InfiniBand HDR 200 Gbit/s", Link.Of(2, 25)),
        new("NVLink 4", Link.Of(2.5, 450)),
    ];
}
