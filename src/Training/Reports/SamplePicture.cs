using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Reports;

/// <summary>Draws a sample.</summary>
public static class SamplePicture
{
    /// <summary>A sample [C, H, W] of one or three channels as a picture; numbers are scaled from their smallest to their largest.</summary>
    public static Picture Draw(SampleSet samples, int index)
    {
        (int channels, int height, int width) = (samples.Shape[0], samples.Shape[1], samples.Shape[2]);
        int plane = height * width;
        var values = new double[samples.Shape.Count];
        samples.Read((long)index * values.Length, values);
        (double low, double range) = !samples.AreBytes ? (values.Min(), Math.Max(1e-30, values.Max() - values.Min())) : (0, 255);
        var pixels = new byte[samples.Shape.Count];
        for (int i = 0; i < plane; i++)
        {
            for (int c = 0; c < channels; c++)
            {
                pixels[(i * channels) + c] = (byte)Math.Clamp(Math.Round((values[(c * plane) + i] - low) / range * 255), 0, 255);
            }
        }
        return new Picture(width, height, channels, pixels);
    }
}
