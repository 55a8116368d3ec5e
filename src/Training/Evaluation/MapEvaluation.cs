using GpuGrad.Training.Data;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Evaluation;

/// <summary>Metrics for predicted images, or reproduced samples: errors summed batch by batch.</summary>
/// <param name="samples">The samples, with their target images or as their own targets.</param>
/// <param name="normalization">Scaling of samples, which is that of an autoencoder's targets.</param>
/// <param name="kind">What the outputs mean: for logits the probabilities are evaluated.</param>
internal sealed class MapEvaluation(SampleSet samples, Normalization normalization, OutputKind kind = OutputKind.Numbers) : IEvaluation
{
    private double absolute, squared, largest, raw;
    private double low = double.PositiveInfinity, high = double.NegativeInfinity;
    private long numbers;

    // The targets of a single sample may all be equal.
    public int SamplesThatTell => 32;

    /// <summary>Adds the outputs of the next samples.</summary>
    /// <param name="first">Index of the first of them.</param>
    /// <param name="outputs">Outputs, sample after sample.</param>
    /// <param name="size">Outputs per sample.</param>
    public void Add(int first, ReadOnlySpan<float> outputs, int size)
    {
        int channels = samples.TargetIsInput ? normalization.Scale.Count : 1, plane = size / channels;
        int maps = samples.AnswerShape is { Rank: 3 } map ? map[0] : size;
        var targets = new double[size];
        for (int n = 0; n < outputs.Length / size; n++)
        {
            Read(first + n, targets);
            double[] meant = OutputMeaning.OfMaps(kind, [.. outputs.Slice(n * size, size).ToArray().Select(o => (double)o)], maps, size / maps);
            for (int i = 0; i < size; i++)
            {
                // An error in the samples' own unit is the network's divided by the scale; if a channel has no scale, it is the network's.
                (double scale, double target) = samples.TargetIsInput ? (normalization.Scale[i / plane], (targets[i] - normalization.Centre[i / plane]) * normalization.Scale[i / plane]) : (1, targets[i]);
                double error = meant[i] - target;
                absolute += Math.Abs(error);
                squared += error * error;
                raw += scale == 0 ? error * error : error / scale * (error / scale);
                largest = Math.Max(largest, Math.Abs(error));
                (low, high) = (Math.Min(low, targets[i]), Math.Max(high, targets[i]));
            }
            numbers += size;
        }
    }

    /// <summary>The metrics. The peak signal-to-noise ratio is of the raw values, whose range is 255 for bytes, else that of the targets.</summary>
    public EvaluationReport? Report()
    {
        double mse = squared / numbers, range = samples.TargetIsInput && samples.AreBytes ? byte.MaxValue : high - low;
        var values = new List<(string, double)> { ("mae", absolute / numbers), ("mse", mse), ("rmse", Math.Sqrt(mse)), ("max_error", largest) };
        if (raw > 0 && range > 0)
            values.Add(("psnr", 10 * Math.Log10(range * range / (raw / numbers))));
        return new EvaluationReport { Values = values };
    }

    private void Read(int sample, double[] targets)
    {
        if (samples.TargetIsInput)
        {
            samples.Read((long)sample * targets.Length, targets);
            return;
        }
        for (int i = 0; i < targets.Length; i++)
            targets[i] = samples.Targets![((long)sample * targets.Length) + i];
    }
}
