using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Initializers;

/// <summary>The patch of a sample that one filter of a convolution sees.</summary>
/// <param name="Input">The sample, [C, H, W]; signals are [C, 1, L].</param>
/// <param name="Rows">Rows of the filter.</param>
/// <param name="Columns">Columns of the filter.</param>
/// <param name="Down">Vertical dilation.</param>
/// <param name="Right">Horizontal dilation.</param>
public sealed record PatchWindow(Shape Input, int Rows, int Columns, int Down, int Right)
{
    /// <summary>Number of elements in a patch, C·R·S.</summary>
    public int Length => Input[0] * Rows * Columns;

    /// <summary>Whether the patch fits inside a sample; only whole patches are drawn.</summary>
    public bool Fits => Height > 0 && Width > 0;

    // Number of its possible positions.
    private int Height => Input[1] - ((Rows - 1) * Down);

    private int Width => Input[2] - ((Columns - 1) * Right);

    /// <summary>Copies a patch from a random position.</summary>
    /// <param name="sample">The sample's values.</param>
    /// <param name="random">Draws the position.</param>
    /// <param name="patch">Receives <see cref="Length"/> values, in the order of a filter's.</param>
    public void Cut(ReadOnlySpan<double> sample, RandomStream random, Span<double> patch)
    {
        int top = random.NextInt(Height), left = random.NextInt(Width), at = 0;
        for (int c = 0; c < Input[0]; c++)
        {
            for (int r = 0; r < Rows; r++)
            {
                int row = ((c * Input[1]) + top + (r * Down)) * Input[2];
                for (int s = 0; s < Columns; s++)
                    patch[at++] = sample[row + left + (s * Right)];
            }
        }
    }
}
