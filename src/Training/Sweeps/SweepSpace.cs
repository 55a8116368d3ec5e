using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Sweeps;

/// <summary>One key of a space.</summary>
public sealed record Dimension(string Key, DimensionConfig Values);

/// <summary>
/// The keys that a sweep varies. A point of the space has a number from 0 to 1 for each key, or NaN for a key whose condition does not
/// hold there.
/// </summary>
public sealed class SweepSpace
{
    private readonly (int Key, string[] Labels)[][] conditions;

    /// <param name="space">Keys and values, in the file's order.</param>
    /// <exception cref="ConfigException">A condition names a key that is not above it, or a value that the key does not have.</exception>
    public SweepSpace(IReadOnlyDictionary<string, DimensionConfig> space)
    {
        Dimensions = [.. space.Select(s => new Dimension(s.Key, s.Value))];
        conditions = [.. Dimensions.Select((d, i) => ConditionsOf(d, i))];
    }

    public IReadOnlyList<Dimension> Dimensions { get; }

    /// <summary>A point with every number drawn by a function of the key; NaN for keys whose condition does not hold.</summary>
    public double[] Point(Func<int, double> draw)
    {
        var point = new double[Dimensions.Count];
        for (int d = 0; d < point.Length; d++)
        {
            double drawn = draw(d);
            point[d] = IsActive(d, point) ? drawn : double.NaN;
        }
        return point;
    }

    /// <summary>A random point of the whole space. It takes one random number per key, whether or not its condition holds.</summary>
    public double[] Draw(RandomStream random) => Point(_ => random.NextDouble());

    /// <summary>Whether a key's condition holds for the keys above it.</summary>
    public bool IsActive(int dimension, IReadOnlyList<double> point) =>
        conditions[dimension].All(c => !double.IsNaN(point[c.Key]) && c.Labels.Contains(Dimensions[c.Key].Values.LabelAt(point[c.Key])));

    /// <summary>Settings of a point in the form that <c>--set</c> takes: <c>KEY=VALUE</c>.</summary>
    public IReadOnlyList<string> Overrides(IReadOnlyList<double> point) =>
        [.. Active(point).Select(d => $"{Dimensions[d].Key}={Dimensions[d].Values.ValueAt(point[d])}")];

    /// <summary>The keys that a point sets.</summary>
    public IEnumerable<int> Active(IReadOnlyList<double> point) => Enumerable.Range(0, Dimensions.Count).Where(d => !double.IsNaN(point[d]));

    private (int, string[])[] ConditionsOf(Dimension dimension, int index)
    {
        if (dimension.Values.When is not { } when)
            return [];
        return [.. when.Of.Select(c =>
        {
            int key = Dimensions.Take(index).ToList().FindIndex(d => d.Key == c.Key);
            if (key < 0)
                throw new ConfigException(dimension.Values.Source ?? new Mark("", 1, 1), $"'when' of {dimension.Key} names '{c.Key}'; expected a key of the space that is listed above it");
            if (Dimensions[key].Values is ChoiceDimension { Values.Labels: var labels } && c.Value.FirstOrDefault(v => !labels.Contains(v)) is string strange)
                throw new ConfigException(dimension.Values.Source ?? new Mark("", 1, 1), $"'when' of {dimension.Key}: {c.Key} is never '{strange}'; expected one of {string.Join(", ", labels)}");
            return (key, c.Value.ToArray());
        })];
    }
}
