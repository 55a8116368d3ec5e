using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Health;

/// <summary>Facts about a run that the rules use besides the measurements of its steps.</summary>
public sealed record RunFacts
{
    private const int Looked = 256;

    /// <summary>Number of training samples.</summary>
    public required int Samples { get; init; }

    /// <summary>Number of steps in the whole run.</summary>
    public required long TotalSteps { get; init; }

    /// <summary>The expected loss of an untrained network; null if there is no formula.</summary>
    public double? ExpectedLoss { get; init; }

    /// <summary>The loss of the best constant prediction; null if there is no formula.</summary>
    public double? GuessLoss { get; init; }

    /// <summary>The share of each class among the training samples; empty for regression.</summary>
    public IReadOnlyList<double> ClassShares { get; init; } = [];

    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>Root mean square of the inputs, about 1 if they are normalised; 1 for ids.</summary>
    public double InputSize { get; init; } = 1;

    /// <summary>Factor on the learning rate of each weight by name; 0 if it is frozen. Embedding tables are not included.</summary>
    public IReadOnlyDictionary<string, double> RateFactors { get; init; } = new Dictionary<string, double>();

    /// <summary>Embedding tables: most of their rows get no gradient in a step.</summary>
    public IReadOnlySet<string> Tables { get; init; } = new HashSet<string>();

    /// <summary>Two layers without a nonlinearity in between; null if there are none.</summary>
    public (string First, string Second)? Linear { get; init; }

    public static RunFacts Of(RunConfig config, TrainingData data, Network network, long totalSteps)
    {
        Parameter[] weights = [.. network.Parameters.Where(p => p.Trained && p.Shape.Rank > 1)];
        HashSet<string> tables = [.. network.AllLayers.OfType<EmbeddingLayer>().SelectMany(l => l.Parameters).Select(p => p.Name)];
        return new RunFacts
        {
            Samples = data.Train.Count,
            TotalSteps = totalSteps,
            ExpectedLoss = config.Loss.ExpectedAtStart(data.Shape),
            GuessLoss = Health.GuessLoss.Of(config.Loss, data.Train, data.Shape.Classes, data.Normalization.Targets, config.Data.Sampling),
            ClassShares = data.Train.Labels is int[] labels ? Health.GuessLoss.Shares(labels, data.Shape.Classes, config.Data.Sampling) : [],
            ClassNames = data.ClassNames,
            InputSize = network.Layers[0] is EmbeddingLayer ? 1 : SizeOf(data),
            RateFactors = weights.ToDictionary(p => p.Name, p => ParameterGroups.RateFactorOf(config, network, p)),
            Tables = tables,
            Linear = LinearPair.In(network.Layers),
        };
    }

    /// <summary>Name of a class, or its number.</summary>
    public string ClassName(int c) => ClassNames is null ? c.ToString(System.Globalization.CultureInfo.InvariantCulture) : $"'{ClassNames[c]}'";

    /// <summary>The trained weights, without biases, factors of normalisations and frozen parameters.</summary>
    internal IEnumerable<ParameterReading> Weights(HealthReading reading) =>
        reading.Parameters.Where(p => p.Parameter.Shape.Rank > 1 && p.Weight > 0 && FactorOf(p) > 0);

    internal double FactorOf(ParameterReading reading) => RateFactors.GetValueOrDefault(reading.Parameter.Name, 1);

    private static double SizeOf(TrainingData data)
    {
        (SampleSet samples, Normalization normalization) = (data.Train, data.Normalization);
        HashSet<int> ids = [.. (data.Shape.Embeddings ?? []).Select(e => e.At)];
        int size = samples.Shape.Count, channel = size / normalization.Scale.Count, step = Math.Max(1, samples.Count / Looked);
        (double sum, long count) = (0, 0);
        var sample = new double[size];
        for (int i = 0; i < samples.Count; i += step)
        {
            samples.Read((long)i * size, sample);
            for (int j = 0; j < size; j++)
            {
                if (ids.Contains(j))
                    continue;
                count++;
                double x = (sample[j] - normalization.Centre[j / channel]) * normalization.Scale[j / channel];
                sum += x * x;
            }
        }
        return count == 0 ? 1 : Math.Sqrt(sum / count);
    }
}
