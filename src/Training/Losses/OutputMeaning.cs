namespace GpuGrad.Training.Losses;

/// <summary>Turns a network's outputs into what they stand for: probabilities, counts, or the numbers themselves.</summary>
public static class OutputMeaning
{
    /// <summary>Whether the outputs become probabilities.</summary>
    public static bool AreProbabilities(this OutputKind kind) => kind is OutputKind.ClassLogits or OutputKind.BinaryLogits;

    /// <param name="kind">The kind of the outputs.</param>
    /// <param name="outputs">Outputs, sample after sample.</param>
    /// <param name="size">Number of outputs per sample.</param>
    public static double[] Of(OutputKind kind, double[] outputs, int size) => kind switch
    {
        OutputKind.ClassLogits when size > 1 => Softmax(outputs, size),
        OutputKind.Numbers => outputs,
        _ => Array.ConvertAll(outputs, o => Of(kind, o)),
    };

    /// <summary>The same for images of outputs: a softmax is over the channels of each pixel.</summary>
    /// <param name="kind">The kind of the outputs.</param>
    /// <param name="outputs">Outputs, sample after sample, [C, H, W] each.</param>
    /// <param name="channels">C.</param>
    /// <param name="places">H·W.</param>
    public static double[] OfMaps(OutputKind kind, double[] outputs, int channels, int places)
    {
        if (kind != OutputKind.ClassLogits || channels == 1)
            return Of(kind, outputs, 1);
        var (found, row) = (new double[outputs.Length], new double[channels]);
        for (int sample = 0; sample < outputs.Length; sample += channels * places)
        {
            for (int i = 0; i < places; i++)
            {
                for (int c = 0; c < channels; c++)
                    row[c] = outputs[sample + (c * places) + i];
                double log = LogSumExp(row);
                for (int c = 0; c < channels; c++)
                    found[sample + (c * places) + i] = Math.Exp(row[c] - log);
            }
        }
        return found;
    }

    /// <summary>The same for a single output.</summary>
    public static double Of(OutputKind kind, double output) => kind switch
    {
        OutputKind.ClassLogits or OutputKind.BinaryLogits => 1 / (1 + Math.Exp(-output)),
        OutputKind.LogRates => Math.Exp(output),
        _ => output,
    };

    /// <summary>Softmax of rows of logits.</summary>
    public static double[] Softmax(double[] logits, int classes)
    {
        var probabilities = new double[logits.Length];
        for (int begin = 0; begin < logits.Length; begin += classes)
        {
            double log = LogSumExp(logits.AsSpan(begin, classes));
            for (int c = begin; c < begin + classes; c++)
                probabilities[c] = Math.Exp(logits[c] - log);
        }
        return probabilities;
    }

    /// <summary>ln Σ exp x, without overflow.</summary>
    public static double LogSumExp(ReadOnlySpan<double> row)
    {
        double highest = row[0], sum = 0;
        foreach (double v in row)
            highest = v > highest ? v : highest;
        foreach (double v in row)
            sum += Math.Exp(v - highest);
        return highest + Math.Log(sum);
    }
}
