using ILGPU;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>Contribution of a value to the two sums of its channel.</summary>
internal readonly record struct Pair(float First, float Second);

/// <summary>Terms that are summed over each channel.</summary>
internal interface ITerms
{
    /// <summary>Whether the sums are relative to a guess of the mean; otherwise to <see cref="Center"/>.</summary>
    static abstract bool Guesses { get; }

    float Value(int at);

    float Center(int channel);

    /// <param name="n">Sample.</param>
    /// <param name="c">Channel.</param>
    /// <param name="i">Index in the channel's plane.</param>
    /// <param name="at">Index in memory.</param>
    /// <param name="center">The guess, or the channel's center.</param>
    Pair Of(int n, int c, int i, int at, float center);
}

/// <summary>Σ (x - guess) and Σ (x - guess)², which give mean and variance without cancellation.</summary>
internal readonly struct Distances(ArrayView<float> x) : ITerms
{
    public static bool Guesses => true;

    public float Value(int at) => x[at];

    public float Center(int channel) => 0f;

    public Pair Of(int n, int c, int i, int at, float center)
    {
        float d = x[at] - center;
        return new Pair(d, d * d);
    }
}

/// <summary>Σ γ·dy and Σ γ·dy·(x - mean), with the channel's statistics.</summary>
internal readonly struct GammaProducts<A>(ArrayView<float> dy, ArrayView<float> x, ArrayView<float> mean, A affine) : ITerms where A : struct, IAffine
{
    public static bool Guesses => false;

    public float Value(int at) => x[at];

    public float Center(int channel) => mean[channel];

    public Pair Of(int n, int c, int i, int at, float center)
    {
        float g = dy[at] * affine.Gamma(c, i);
        return new Pair(g, g * (x[at] - center));
    }
}

/// <summary>Σ dy and Σ dy·x̂ of each channel, with the statistics of a group of channels of a sample.</summary>
internal readonly struct GroupedProducts(ArrayView<float> dy, ArrayView<float> x, ArrayView<float> mean, ArrayView<float> inverse, int groups, int groupChannels) : ITerms
{
    public static bool Guesses => false;

    public float Value(int at) => x[at];

    public float Center(int channel) => 0f;

    public Pair Of(int n, int c, int i, int at, float center)
    {
        int row = groups == 1 ? n : (n * groups) + (c / groupChannels);
        return new Pair(dy[at], dy[at] * ((x[at] - mean[row]) * inverse[row]));
    }
}
