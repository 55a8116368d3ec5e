using GpuGrad.Kernels.Random;

namespace GpuGrad.Training.Tools;

/// <summary>Sampling of the next token from a network's scores: temperature, top-k, top-p.</summary>
public sealed record TokenSampling
{
    /// <summary>Divides the scores: below 1 likely tokens become likelier, above 1 unlikely ones; 0 always takes the likeliest.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Keeps only this many of the likeliest tokens; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps only the likeliest tokens whose probabilities together reach this (Holtzman et al., 2020); 1 for all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Chooses a token.</summary>
    /// <param name="scores">A logit per token; negative infinity for one that must not be chosen.</param>
    /// <param name="random">Source of randomness: one number is drawn, whatever the settings, unless the temperature is 0.</param>
    public int Choose(ReadOnlySpan<double> scores, RandomStream random)
    {
        int best = Evaluation.ClassEvaluation.FirstHighest(scores);
        if (Temperature == 0)
            return best;
        double[] logits = scores.ToArray();
        int[] order = [.. Enumerable.Range(0, logits.Length).Where(i => !double.IsNegativeInfinity(logits[i])).OrderByDescending(i => logits[i])];
        if (TopK > 0 && TopK < order.Length)
            order = order[..TopK];
        double highest = logits[best];
        double[] weights = [.. order.Select(i => Math.Exp((logits[i] - highest) / Temperature))];
        int kept = Kept(weights);
        double drawn = random.NextDouble() * weights.AsSpan(0, kept).ToArray().Sum();
        for (int i = 0; i < kept - 1; i++)
        {
            drawn -= weights[i];
            if (drawn < 0)
                return order[i];
        }
        return order[kept - 1];
    }

    // The smallest number of tokens whose share reaches top-p, at least one.
    private int Kept(double[] weights)
    {
        double all = weights.Sum(), sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            sum += weights[i];
            if (sum >= TopP * all)
                return i + 1;
        }
        return weights.Length;
    }
}
