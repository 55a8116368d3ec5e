using ILGPU;

namespace GpuGrad.Kernels.Ops.Steps;

/// <summary>Kernels over the steps of sequences [N, T, F]; lengths are empty if all steps are real.</summary>
internal static class StepKernels
{
    /// <summary>One thread per element of y.</summary>
    public static void Mask(Index1D i, ArrayView<float> x, ArrayView<int> lengths, ArrayView<float> y, int steps, int width) =>
        y[i] = i / width % steps < Length(lengths, i / width / steps, steps) ? x[i] : 0f;

    /// <summary>One thread per element of y [N, F], as in all poolings.</summary>
    public static void Mean(Index1D i, ArrayView<float> x, ArrayView<int> lengths, ArrayView<float> y, int steps, int width)
    {
        int at = First(i, steps, width), length = Length(lengths, i / width, steps);
        float sum = 0f;
        for (int step = 0; step < length; step++)
            sum += x[at + (step * width)];
        y[i] = sum / length;
    }

    public static void Max(Index1D i, ArrayView<float> x, ArrayView<int> lengths, ArrayView<float> y, int steps, int width) =>
        y[i] = x[First(i, steps, width) + (Winner(x, First(i, steps, width), Length(lengths, i / width, steps), width) * width)];

    public static void Last(Index1D i, ArrayView<float> x, ArrayView<int> lengths, ArrayView<float> y, int steps, int width) =>
        y[i] = x[First(i, steps, width) + ((Length(lengths, i / width, steps) - 1) * width)];

    public static void MeanGradient(Index1D i, ArrayView<float> dy, ArrayView<float> x, ArrayView<int> lengths, ArrayView<float> dx, int steps, int width)
    {
        int at = First(i, steps, width), length = Length(lengths, i / width, steps);
        float share = dy[i] / length;
        for (int step = 0; step < steps; step++)
            dx[at + (step * width)] = step < length ? share : 0f;
    }

    public static void MaxGradient(Index1D i, ArrayView<float> dy, ArrayView<float> x, ArrayView<int> lengths, ArrayView<float> dx, int steps, int width)
    {
        int at = First(i, steps, width), winner = Winner(x, at, Length(lengths, i / width, steps), width);
        for (int step = 0; step < steps; step++)
            dx[at + (step * width)] = step == winner ? dy[i] : 0f;
    }

    public static void LastGradient(Index1D i, ArrayView<float> dy, ArrayView<float> x, ArrayView<int> lengths, ArrayView<float> dx, int steps, int width)
    {
        int at = First(i, steps, width), last = Length(lengths, i / width, steps) - 1;
        for (int step = 0; step < steps; step++)
            dx[at + (step * width)] = step == last ? dy[i] : 0f;
    }

    // Index of a feature in the first step, for a thread of [N, F].
    private static int First(int i, int steps, int width) => (i / width * steps * width) + (i % width);

    private static int Winner(ArrayView<float> x, int at, int length, int width)
    {
        int winner = 0;
        float largest = x[at];
        for (int step = 1; step < length; step++)
        {
            float value = x[at + (step * width)];
            // NaN wins.
            if (value > largest || (float.IsNaN(value) && !float.IsNaN(largest)))
                (winner, largest) = (step, value);
        }
        return winner;
    }

    private static int Length(ArrayView<int> lengths, int sample, int steps) => lengths.Length > 0 ? IntrinsicMath.Clamp(lengths[sample], 1, steps) : steps;
}
