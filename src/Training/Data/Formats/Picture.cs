namespace GpuGrad.Training.Data.Formats;

/// <summary>A picture of 8 bits a channel, the channels of a pixel side by side.</summary>
/// <param name="Width">Pixels a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Channels">1 gray, 3 RGB, 4 RGB and alpha.</param>
/// <param name="Pixels">Height × Width × Channels bytes, rows from the top.</param>
public sealed record Picture(int Width, int Height, int Channels, byte[] Pixels);
