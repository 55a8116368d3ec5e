using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Initializers;

/// <summary>
/// Initialises the first convolution to whiten the patches it sees, each direction once with either sign (Coates and Ng, "Learning feature
/// representations with k-means", 2012; Jordan, "94 % on CIFAR-10 in 3.29 seconds", 2024): filter j is the eigenvector v<sub>j</sub> of the patches'
/// covariance divided by √(λ<sub>j</sub> + ε), the largest λ first. Neighbouring pixels are nearly equal, so without it the first layers spend their first epochs on undoing that.
/// </summary>
/// <remarks>The patches are of training samples, scaled as the network gets them. Without samples (<c>gradcheck</c>, <c>doctor</c>, <c>race</c>, <c>bench</c>) it equals <c>lecun</c>.</remarks>
public sealed record WhitenInit : InitConfig
{
    private const int MostSamples = 1000, PatchesOfSample = 100;

    /// <summary>Added to each variance, in units of the scaled samples': directions with a smaller variance, which hold noise, are not amplified.</summary>
    [Shorthand]
    public double Epsilon { get; init => field = Require.Positive(value); } = 0.002;

    internal override bool IsRandom => false;

    public override void Fill(Parameter parameter, RandomStream random, Span<double> values) => new LecunInit().Fill(parameter, random, values);

    /// <summary>Refuses it without patches of samples to whiten, or with more filters than directions.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>, with the initialiser's place.</exception>
    internal static void Check(Network network)
    {
        foreach (Parameter parameter in network.Parameters.Where(p => p.Init is WhitenInit))
        {
            if (parameter.Patches is not { Fits: true } window)
                throw ConfigException.At(parameter.Init.Source, $"whiten: {parameter.Name} has no patches of samples to look at; expected it for the filters of a convolution that is the first layer, has no groups and is no larger than the samples");
            if (parameter.Shape[0] > 2 * window.Length)
                throw ConfigException.At(parameter.Init.Source, $"whiten: {parameter.Shape[0]} filters for patches of {window.Length} numbers, which have as many directions with two signs; expected at most {2 * window.Length} filters, or a larger kernel");
        }
    }

    /// <summary>Fills the filters from training samples.</summary>
    /// <param name="filters">Filters [K, C, R, S], or [K, C, S] for signals; K is at most twice C·R·S.</param>
    /// <param name="layer">Their patch window.</param>
    /// <param name="training">The samples.</param>
    /// <param name="random">Draws samples and positions.</param>
    /// <param name="values">Receives the filters' values.</param>
    public void Fill(Parameter filters, PatchWindow layer, BatchSource training, RandomStream random, Span<double> values)
    {
        int size = layer.Length;
        var patches = new Covariance(size);
        var patch = new double[size];
        foreach (int place in random.Permutation(training.Count).AsSpan(0, Math.Min(MostSamples, training.Count)))
        {
            double[] sample = training.ReadScaled(place);
            for (int j = 0; j < PatchesOfSample; j++)
            {
                layer.Cut(sample, random, patch);
                patches.Add(patch);
            }
        }
        (double[] variances, double[][] directions) = SymmetricEigen.Of(patches.Matrix());
        int rows = filters.Shape[0], positive = (rows + 1) / 2;
        for (int row = 0; row < rows; row++)
        {
            int j = row < positive ? row : row - positive;
            double factor = (row < positive ? 1 : -1) / Math.Sqrt(Math.Max(0, variances[j]) + Epsilon);
            for (int e = 0; e < size; e++)
                values[(row * size) + e] = factor * directions[j][e];
        }
    }
}
