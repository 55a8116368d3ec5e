using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Sweeps;

/// <summary>A trial whose result is known.</summary>
/// <param name="Point">Its point in the space.</param>
/// <param name="Score">Score, lower is better; infinite for a failed trial.</param>
public readonly record struct KnownTrial(IReadOnlyList<double> Point, double Score);

/// <summary>A search method: picks points of a space to try. The same trial with the same earlier results always gets the same point.</summary>
public interface ISearch
{
    /// <summary>Largest number of trials; null for any number.</summary>
    int? Count { get; }

    /// <summary>Whether picks depend on earlier results.</summary>
    bool Learns { get; }

    /// <summary>Picks the point of a trial.</summary>
    /// <param name="trial">Number of the trial, from 0.</param>
    /// <param name="known">Earlier trials; empty for a search that does not learn.</param>
    double[] Pick(int trial, IReadOnlyList<KnownTrial> known);
}

/// <summary>Independent random points from the whole space.</summary>
public sealed class RandomSearch(SweepSpace space, ulong seed) : ISearch
{
    public int? Count => null;

    public bool Learns => false;

    public double[] Pick(int trial, IReadOnlyList<KnownTrial> known) => space.Draw(new RandomStream(seed, Purpose.Search, (uint)trial));
}

/// <summary>Every combination, the last key changing fastest; a key whose condition does not hold adds no combinations.</summary>
public sealed class GridSearch : ISearch
{
    private const int Most = 100_000;

    private readonly List<double[]> points = [];

    public GridSearch(SweepSpace space, int count, Mark? place = null)
    {
        double[][] grid = [.. space.Dimensions.Select(d => d.Values.Grid(count).ToArray())];
        Add(space, grid, new double[grid.Length], 0, place);
    }

    public int? Count => points.Count;

    public bool Learns => false;

    public double[] Pick(int trial, IReadOnlyList<KnownTrial> known) => points[trial];

    private void Add(SweepSpace space, double[][] grid, double[] point, int dimension, Mark? place)
    {
        if (points.Count >= Most)
            throw ConfigException.At(place, $"a grid of more than {Most} points; expected fewer keys or points, or search: random");
        if (dimension == grid.Length)
        {
            points.Add([.. point]);
            return;
        }
        foreach (double value in space.IsActive(dimension, point) ? grid[dimension] : [double.NaN])
        {
            point[dimension] = value;
            Add(space, grid, point, dimension + 1, place);
        }
    }
}

/// <summary>
/// Tree-structured Parzen estimator (Bergstra et al., "Algorithms for Hyper-Parameter Optimization", 2011): trials are split into the best tenth and the
/// rest, and a density is fitted to the values of each key in both; of some candidates drawn from the good density, the one with the largest ratio of the two
/// is taken. Keys are treated independently.
/// </summary>
public sealed class TpeSearch(SweepSpace space, ulong seed, TpeSearchConfig config) : ISearch
{
    private const double GoodShare = 0.1;
    private const int MostGood = 25; // as in Optuna

    public int? Count => null;

    public bool Learns => true;

    public double[] Pick(int trial, IReadOnlyList<KnownTrial> known)
    {
        var random = new RandomStream(seed, Purpose.Search, (uint)trial);
        if (trial < config.Startup || known.Count < 2)
            return space.Draw(random);
        KnownTrial[] sorted = [.. known.OrderBy(k => double.IsNaN(k.Score) ? double.PositiveInfinity : k.Score)];
        int good = Math.Min(MostGood, (int)Math.Ceiling(GoodShare * sorted.Length));
        return space.Point(d =>
        {
            ParzenEstimator below = Of(d, sorted.Take(good)), above = Of(d, sorted.Skip(good));
            return Enumerable.Range(0, config.Candidates).Select(_ => below.Draw(random)).ToArray().MaxBy(u => below.LogDensity(u) - above.LogDensity(u));
        });
    }

    private ParzenEstimator Of(int dimension, IEnumerable<KnownTrial> trials) =>
        new(trials.Select(t => t.Point[dimension]).Where(u => !double.IsNaN(u)), space.Dimensions[dimension].Values is { IsCategorical: true, Count: int count } ? count : null);
}

/// <summary>
/// A density over the numbers from 0 to 1, estimated from samples: a Gaussian around each, as wide as the larger gap to its neighbours, and a wide one as the prior.
/// For unordered values, their counts plus one.
/// </summary>
internal sealed class ParzenEstimator
{
    private readonly int? categories;
    private readonly double[] weights;
    private readonly double[] centres = [];
    private readonly double[] widths = [];
    private readonly double[] masses = []; // mass of each Gaussian within 0 to 1

    public ParzenEstimator(IEnumerable<double> units, int? categories)
    {
        this.categories = categories;
        double[] known = [.. units.Order()];
        if (categories is int count)
        {
            weights = Enumerable.Repeat(1.0, count).ToArray();
            foreach (double unit in known)
                weights[Math.Min((int)(unit * count), count - 1)]++;
        }
        else
        {
            centres = [.. known.Append(0.5).Order()];
            int prior = Array.IndexOf(centres, 0.5);
            double narrowest = 1 / Math.Min(100.0, centres.Length + 1);
            widths = [.. centres.Select((c, i) => i == prior ? 1 : Math.Clamp(Math.Max(c - (i > 0 ? centres[i - 1] : 0), (i + 1 < centres.Length ? centres[i + 1] : 1) - c), narrowest, 1))];
            masses = [.. centres.Select((c, i) => Below((1 - c) / widths[i]) - Below(-c / widths[i]))];
            weights = Enumerable.Repeat(1.0, centres.Length).ToArray();
        }
        double sum = weights.Sum();
        for (int i = 0; i < weights.Length; i++)
            weights[i] /= sum;
    }

    public double Draw(RandomStream random)
    {
        double at = random.NextDouble();
        int i = 0;
        while (i + 1 < weights.Length && at >= weights[i])
            at -= weights[i++];
        if (categories is int count)
            return (i + 0.5) / count;
        while (true)
        {
            double drawn = centres[i] + (widths[i] * random.NextNormal());
            if (drawn is >= 0 and < 1)
                return drawn;
        }
    }

    public double LogDensity(double unit)
    {
        if (categories is int count)
            return Math.Log(weights[Math.Min((int)(unit * count), count - 1)]);
        double sum = 0;
        for (int i = 0; i < centres.Length; i++)
        {
            double z = (unit - centres[i]) / widths[i];
            sum += weights[i] * Math.Exp(-z * z / 2) / (widths[i] * masses[i]);
        }
        return Math.Log(sum);
    }

    // The standard Gaussian's cumulative distribution at z.
    private static double Below(double z) => (1 + ErrorFunction.Erf(z / Math.Sqrt(2))) / 2;
}
