namespace GpuGrad.Training.Data;

/// <summary>Scaling of samples: (x - centre)·scale per channel or column.</summary>
public sealed record Normalization(IReadOnlyList<double> Scale, IReadOnlyList<double> Centre)
{
    /// <summary>The same in the form x·scale + shift, for numbers whose difference float32 can represent, such as bytes.</summary>
    public IReadOnlyList<double> Shift { get; } = [.. Scale.Select((s, c) => -Centre[c] * s)];

    /// <summary>Scaling of the regression targets, from the data's unit to the network's; null if they are the same.</summary>
    public Normalization? Targets { get; init; }

    public static Normalization None(int channels) => new([.. Enumerable.Repeat(1.0, channels)], [.. Enumerable.Repeat(0.0, channels)]);

    /// <summary>Reverses the scaling: value/scale + centre, one number per channel.</summary>
    public void Undo(Span<double> values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = (values[i] / Scale[i % Scale.Count]) + Centre[i % Scale.Count];
    }

    /// <summary>Scales numbers in place. The difference is computed first: x·scale + shift would have the rounding error of a large shift.</summary>
    /// <param name="values">Numbers of consecutive samples.</param>
    /// <param name="first">Index of the first number in its sample.</param>
    /// <param name="plane">Numbers per channel.</param>
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
