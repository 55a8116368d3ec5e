namespace GpuGrad.Training.Data;

/// <summary>Scaling of sequences [T, F] with known lengths: each feature is scaled by its values at real steps, equally at every step.</summary>
internal static class StepScaling
{
    /// <summary>Factor and centre for each of the T·F numbers of a sample.</summary>
    public static Normalization Of(Normalize kind, SampleSet train)
    {
        (int steps, int features) = (train.Shape[0], train.Shape[1]);
        var (scale, centre) = (new double[steps * features], new double[steps * features]);
        for (int f = 0; f < features; f++)
        {
            (double middle, double width) = Measure(kind, train, f);
            for (int t = 0; t < steps; t++)
                (scale[(t * features) + f], centre[(t * features) + f]) = (width > 0 && double.IsFinite(1 / width) ? 1 / width : 1, middle);
        }
        return new Normalization(scale, centre);
    }

    private static (double Centre, double Width) Measure(Normalize kind, SampleSet train, int feature)
    {
        if (kind == Normalize.None)
            return (0, 1);
        (double least, double most, double sum, double squares) = (double.PositiveInfinity, double.NegativeInfinity, 0, 0);
        long count = 0;
        foreach (double value in Values(train, feature))
            (least, most, sum, count) = (Math.Min(least, value), Math.Max(most, value), sum + value, count + 1);
        if (kind == Normalize.Unit)
            return (least, most - least);
        foreach (double value in Values(train, feature))
            squares += (value - (sum / count)) * (value - (sum / count));
        return (sum / count, Math.Sqrt(squares / count));
    }

    private static IEnumerable<double> Values(SampleSet train, int feature)
    {
        int features = train.Shape[1];
        for (int i = 0; i < train.Count; i++)
        {
            for (int t = 0; t < train.Lengths![i]; t++)
                yield return train[((((long)i * train.Shape[0]) + t) * features) + feature];
        }
    }
}
