using ILGPU;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>Receives the two sums of a channel, or of a part of it.</summary>
internal interface ISums
{
    /// <param name="part">Index of the part.</param>
    /// <param name="channel">Index of the channel.</param>
    /// <param name="center">The value that the sums are relative to.</param>
    /// <param name="first">The first sum.</param>
    /// <param name="second">The second sum.</param>
    void Store(int part, int channel, float center, float first, float second);
}

/// <summary>Sums of parts, for <see cref="ChannelKernels.AddParts"/>: the centers, then one row per sum and part.</summary>
internal readonly struct PartialSums(ArrayView<float> parts, int channels) : ISums
{
    public void Store(int part, int channel, float center, float first, float second)
    {
        if (part == 0)
            parts[channel] = center;
        parts[((1 + (2 * part)) * channels) + channel] = first;
        parts[((2 + (2 * part)) * channels) + channel] = second;
    }
}

internal static class Squares
{
    /// <summary>A sum of squares, which rounding may have made negative. Not with a maximum: a GPU's would turn NaN into 0 and hide it.</summary>
    public static float NotNegative(float sum) => sum < 0f ? 0f : sum;
}

/// <summary>Mean and inverse standard deviation from <see cref="Distances"/>.</summary>
internal readonly struct Statistics(ArrayView<float> mean, ArrayView<float> inverse, float count, float epsilon) : ISums
{
    public void Store(int part, int channel, float center, float first, float second)
    {
        float shift = first / count;
        mean[channel] = center + shift;
        inverse[channel] = 1f / MathF.Sqrt((Squares.NotNegative(second - (first * shift)) / count) + epsilon);
    }
}

/// <summary>Mean, biased and unbiased variance from <see cref="Distances"/>.</summary>
internal readonly struct MeanAndVariances(ArrayView<float> mean, ArrayView<float> variance, ArrayView<float> unbiased, float count) : ISums
{
    public void Store(int part, int channel, float center, float first, float second)
    {
        float shift = first / count, squares = Squares.NotNegative(second - (first * shift));
        mean[channel] = center + shift;
        variance[channel] = squares / count;
        unbiased[channel] = count > 1f ? squares / (count - 1f) : 0f;
    }
}

/// <summary><see cref="Statistics"/>, with an update of the running ones.</summary>
internal readonly struct RunningStatistics(Statistics batch, ArrayView<float> mean, ArrayView<float> variance, float count, float momentum) : ISums
{
    public void Store(int part, int channel, float center, float first, float second)
    {
        batch.Store(part, channel, center, first, second);
        float shift = first / count;
        mean[channel] = ((1f - momentum) * mean[channel]) + (momentum * (center + shift));
        variance[channel] = ((1f - momentum) * variance[channel]) + (momentum * (Squares.NotNegative(second - (first * shift)) / (count - 1f)));
    }
}

/// <summary>The sums themselves, the second times the channel's inverse deviation.</summary>
internal readonly struct Totals(ArrayView<float> sums, ArrayView<float> products, Spread spread) : ISums
{
    public void Store(int part, int channel, float center, float first, float second)
    {
        sums[channel] = first;
        products[channel] = second * spread.Inverse(channel);
    }
}

/// <summary><see cref="Totals"/>, and their means.</summary>
internal readonly struct SumsAndMeans(
    Totals totals, ArrayView<float> sums, ArrayView<float> products, ArrayView<float> meanOfSums, ArrayView<float> meanOfProducts, float count) : ISums
{
    public void Store(int part, int channel, float center, float first, float second)
    {
        totals.Store(part, channel, center, first, second);
        meanOfSums[channel] = sums[channel] / count;
        meanOfProducts[channel] = products[channel] / count;
    }
}

/// <summary>The inverse standard deviation of each channel: given, computed from a variance, or 1.</summary>
internal readonly struct Spread
{
    private readonly ArrayView<float> values;
    private readonly float epsilon;
    private readonly int kind; // 0: 1; 1: inverse deviations; 2: variances

    private Spread(ArrayView<float> values, float epsilon, int kind) => (this.values, this.epsilon, this.kind) = (values, epsilon, kind);

    public static Spread One(ArrayView<float> any) => new(any, 0f, 0);

    public static Spread OfInverses(ArrayView<float> values) => new(values, 0f, 1);

    public static Spread OfVariances(ArrayView<float> values, double epsilon) => new(values, (float)epsilon, 2);

    public float Inverse(int channel) => kind == 0 ? 1f : kind == 1 ? values[channel] : 1f / MathF.Sqrt(values[channel] + epsilon);
}
