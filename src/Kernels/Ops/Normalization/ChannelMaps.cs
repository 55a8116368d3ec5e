using GpuGrad.Kernels.Devices.Ilgpu.Gemm;
using GpuGrad.Kernels.Ops.Elementwise;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>Statistics of a channel for mapping its values; the last two are the means of γ·dy and of γ·dy·x̂.</summary>
internal readonly record struct Coefficients(float Mean, float Inverse, float First, float Second);

/// <summary>A function of each value and its channel.</summary>
internal interface IEach
{
    Coefficients Of(int channel);

    /// <param name="known">Statistics of the channel.</param>
    /// <param name="c">Channel.</param>
    /// <param name="i">Index in the channel's plane.</param>
    /// <param name="at">Index in memory.</param>
    void Apply(Coefficients known, int c, int i, int at);
}

/// <summary>Index of γ and β of a value.</summary>
internal interface IAffine
{
    /// <summary>Whether γ belongs to the channel.</summary>
    static abstract bool IsChannels { get; }

    float Gamma(int c, int i);

    float Beta(int c, int i);
}

/// <summary>γ = 1 and β = 0.</summary>
internal readonly struct PlainAffine(float one) : IAffine
{
    public static bool IsChannels => false;

    public float Gamma(int c, int i) => one;

    public float Beta(int c, int i) => 0f;
}

/// <summary>One γ and one β per channel.</summary>
internal readonly struct ChannelAffine(ArrayView<float> gamma, ArrayView<float> beta) : IAffine
{
    public static bool IsChannels => true;

    public float Gamma(int c, int i) => gamma[c];

    public float Beta(int c, int i) => beta[c];
}

/// <summary>γ and β if a "channel" is a group of channels of a sample: one of each per <c>inner</c> values.</summary>
internal readonly struct GroupedAffine(ArrayView<float> gamma, ArrayView<float> beta, GroupLayout layout) : IAffine
{
    private readonly int groups = layout.Groups;
    private readonly int groupChannels = layout.GroupChannels;
    private readonly int inner = layout.Inner;

    public static bool IsChannels => false;

    public float Gamma(int c, int i) => gamma[Place(c, i)];

    public float Beta(int c, int i) => beta[Place(c, i)];

    private int Place(int c, int i) => (groups == 1 ? 0 : c % groups * groupChannels) + (inner == 1 ? i : i / inner);
}

/// <summary>y = f(γ·x̂ + β), where f is the fused op.</summary>
internal readonly struct NormalizeChannels<M, A>(ArrayView<float> x, ArrayView<float> y, ArrayView<float> mean, Spread spread, A affine, Finish<M> finish) : IEach
    where M : struct, IMap where A : struct, IAffine
{
    public Coefficients Of(int channel) => new(mean[channel], spread.Inverse(channel), 0f, 0f);

    public void Apply(Coefficients known, int c, int i, int at) =>
        y[at] = finish.Apply(at, c, ((x[at] - known.Mean) * (known.Inverse * affine.Gamma(c, i))) + affine.Beta(c, i));
}

/// <summary>dx = (γ·dy - m₁ - x̂·m₂)/σ, where m₁ and m₂ are the means of the terms of <see cref="GammaProducts{A}"/>.</summary>
internal readonly struct InputGradient<A>(ArrayView<float> dy, ArrayView<float> x, ArrayView<float> dx, ArrayView<float> mean, Spread spread, TotalMeans totals, A affine) : IEach
    where A : struct, IAffine
{
    public Coefficients Of(int channel)
    {
        float scale = A.IsChannels ? affine.Gamma(channel, 0) : 1f; // a channel's γ is not included in its sums
        return new(mean[channel], spread.Inverse(channel), scale * totals.First(channel), scale * totals.Second(channel));
    }

    public void Apply(Coefficients known, int c, int i, int at)
    {
        float normal = (x[at] - known.Mean) * known.Inverse;
        dx[at] = ((dy[at] * affine.Gamma(c, i)) - known.First - (normal * known.Second)) * known.Inverse;
    }
}

/// <summary>The means of two sums, or 0 and 0 if the statistics do not depend on x (<c>count</c> 0).</summary>
internal readonly struct TotalMeans(ArrayView<float> sums, ArrayView<float> products, float count)
{
    public float First(int channel) => count > 0f ? sums[channel] / count : 0f;

    public float Second(int channel) => count > 0f ? products[channel] / count : 0f;
}
