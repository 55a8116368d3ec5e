namespace GpuGrad.Training.Data;

/// <summary>Scaling of the data to mean 0 and variance 1: (x - centre)·scale for each channel or column.</summary>
public sealed record Normalization(IReadOnlyList<double> Scale, IReadOnlyList<double> Centre)
{
    /// <summary>The same as x·scale + shift, for numbers of which float32 holds the difference, such as bytes.</summary>
    public IReadOnlyList<double> Shift { get; } = [.. Scale.Select((s, c) => -Centre[c] * s)];

    /// <summary>The same of the numbers to predict, from what the data hold to what the network gives; null where they are the same.</summary>
    public Normalization? Targets { get; init; }

    public static Normalization None(int channels) => new([.. Enumerable.Repeat(1.0, channels)], [.. Enumerable.Repeat(0.0, channels)]);

    /// <summary>From scaled numbers back to what they were: value/scale + centre, a channel a number.</summary>
    public void Undo(Span<double> values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = (values[i] / Scale[i % Scale.Count]) + Centre[i % Scale.Count];
    }

    /// <summary>Scales numbers in place. The difference comes first: x·scale + shift has the rounding error of a large shift.</summary>
    /// <param name="values">Of samples that lie one after the other.</param>
    /// <param name="first">Place of the first.</param>
    /// <param name="plane">Numbers of a channel.</param>
    public void Apply(Span<double> values, int first, int plane)
    {
        int channel = first / plane % Scale.Count, left = plane - (first % plane);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (values[i] - Centre[channel]) * Scale[channel];
            if (--left == 0)
                (channel, left) = ((channel + 1) % Scale.Count, plane);
        }
    }
}
