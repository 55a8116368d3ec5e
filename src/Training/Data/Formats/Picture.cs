namespace GpuGrad.Training.Data.Formats;

/// <summary>A picture of 8 bits a channel, the channels of a pixel side by side.</summary>
/// <param name="Width">Pixels a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Channels">1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha.</param>
/// <param name="Pixels">Height × Width × Channels bytes, rows from the top.</param>
public sealed record Picture(int Width, int Height, int Channels, byte[] Pixels)
{
    public bool HasAlpha => Channels is 2 or 4;

    public bool HasColour => Channels >= 3;

    /// <summary>
    /// The picture as planes [C, H, W] of 1 (gray) or 3 (RGB) channels. Transparent pixels are laid over black; colours become
    /// gray by the weights of ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B.
    /// </summary>
    public void ToPlanes(int planes, Span<byte> target)
    {
        int pixels = checked(Width * Height);
        int colours = HasColour ? 3 : 1;
        for (int i = 0; i < pixels; i++)
        {
            ReadOnlySpan<byte> pixel = Pixels.AsSpan(i * Channels, Channels);
            int alpha = HasAlpha ? pixel[^1] : 255;
            if (planes == 1)
            {
                int gray = colours == 1 ? pixel[0] : ((299 * pixel[0]) + (587 * pixel[1]) + (114 * pixel[2]) + 500) / 1000;
                target[i] = Over(gray, alpha);
                continue;
            }
            for (int c = 0; c < planes; c++)
                target[(c * pixels) + i] = Over(pixel[colours == 1 ? 0 : c], alpha);
        }
    }

    private static byte Over(int value, int alpha) => (byte)(((value * alpha) + 127) / 255);
}
