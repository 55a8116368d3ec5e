using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Preview;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Logs.TensorBoard;

/// <summary>
/// Draws the weights of the first layer if its input is pictures: [K, C, R, S] of a convolution, [units, C·H·W] of a dense layer. In
/// colour if C is 3; else one picture per channel. 0 is gray, and the largest absolute weight is black or white.
/// </summary>
internal static class FilterSheet
{
    private const int Gap = 2, LeastSide = 24, Middle = 128;

    /// <param name="model">The model with the weights.</param>
    /// <param name="sample">Shape of a sample.</param>
    /// <param name="count">Largest number of filters.</param>
    /// <returns>The parameter's name and a PNG file; null if the first layer cannot be drawn.</returns>
    public static (string Parameter, byte[] Png)? Draw(Model model, Shape sample, int count)
    {
        Parameter? first = model.Network.Parameters.FirstOrDefault(p => p.Shape.Rank > 1);
        if (first is null || sample.Rank != 3)
            return null;
        Shape one = first.Shape.Rank == 4 ? new Shape(first.Shape[1], first.Shape[2], first.Shape[3]) : sample;
        bool sees = first.Shape.Rank == 4 ? one[0] == sample[0] : first.Shape.Rank == 2 && first.Shape[1] == sample.Count;
        if (!sees || one[1] * one[2] == 1)
            return null;
        var values = new float[Math.Min(first.Shape[0], count) * one.Count];
        model.Read(first, 0, values);
        return (first.Name, Draw(values, one));
    }

    private static byte[] Draw(float[] values, Shape one)
    {
        bool colour = one[0] == 3;
        int height = one[1], width = one[2], plane = height * width, size = colour ? 3 * plane : plane;
        int pictures = values.Length / size, columns = (int)Math.Ceiling(Math.Sqrt(pictures)), rows = (pictures + columns - 1) / columns;
        int scale = Math.Max(1, LeastSide / Math.Max(height, width));
        (int cellWidth, int cellHeight) = ((width * scale) + Gap, (height * scale) + Gap);
        var canvas = new Canvas(Gap + (columns * cellWidth), Gap + (rows * cellHeight));
        float largest = Math.Max(1e-30f, values.Where(float.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max());
        byte Tone(float value) => float.IsFinite(value) ? (byte)Math.Clamp(Middle + (value / largest * (Middle - 1)), 0, byte.MaxValue) : (byte)0;
        for (int i = 0; i < pictures; i++)
        {
            ReadOnlySpan<float> picture = values.AsSpan(i * size, size);
            for (int j = 0; j < plane; j++)
            {
                byte r = Tone(picture[j]);
                Colour drawn = colour ? new Colour(r, Tone(picture[plane + j]), Tone(picture[(2 * plane) + j])) : new Colour(r, r, r);
                canvas.Fill(Gap + (i % columns * cellWidth) + (j % width * scale), Gap + (i / columns * cellHeight) + (j / width * scale), scale, scale, drawn);
            }
        }
        return canvas.ToPng();
    }
}
