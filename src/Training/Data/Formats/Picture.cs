namespace GpuGrad.Training.Data.Formats;

/// <summary>A picture with 8 bits per channel, with interleaved channels.</summary>
/// <param name="Width">Pixels per row.</param>
/// <param name="Height">Number of rows.</param>
/// <param name="Channels">1 gray, 3 RGB, 4 RGB and alpha.</param>
/// <param name="Pixels">Height × Width × Channels bytes, rows from the top.</param>
public sealed record Picture(int Width, int Height, int Channels, byte[] Pixels);
