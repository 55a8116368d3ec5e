using System.Globalization;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Data;

/// <summary>Data whose numbers pick rows of an embedding: whole, from 0 to one less than its rows, and never scaled.</summary>
/// <param name="Rows">Of the smallest table that they go to.</param>
internal sealed record IdRange(int Rows)
{
    private const int Piece = 1 << 12;

    /// <summary>The range of a config's inputs; null where its network takes other numbers.</summary>
    public static IdRange? Of(RunConfig config, Shape shape) =>
        config.Model.Any(HasEmbedding) && RowsOf(Network.Build(config.Model, shape).Layers) is int rows ? new IdRange(rows) : null;

    /// <summary>Refuses an id that is outside, naming its row and column.</summary>
    public void Check(SampleSet samples)
    {
        int size = samples.Shape.Count;
        var values = new double[Math.Min(Piece, samples.Count * size)];
        for (int begin = 0; begin < samples.Count * size; begin += values.Length)
        {
            Span<double> piece = values.AsSpan(0, Math.Min(values.Length, (samples.Count * size) - begin));
            samples.Read(begin, piece);
            for (int i = 0; i < piece.Length; i++)
            {
                if (!(piece[i] >= 0 && piece[i] < Rows && piece[i] == Math.Floor(piece[i])))
                    throw Refuse(samples, (begin + i) / size, (begin + i) % size, piece[i]);
            }
        }
    }

    private GpuGradException Refuse(SampleSet samples, int sample, int number, double value)
    {
        SamplePlaces places = samples.Places ?? new SamplePlaces("the data");
        return DataFault.In(places.Of(sample), string.Create(CultureInfo.InvariantCulture, $"{value} in {places.NameOf(number)}"), $"a whole number from 0 to {Rows - 1}, a row of the embedding");
    }

    private static bool HasEmbedding(LayerConfig layer) => layer switch
    {
        EmbeddingConfig => true,
        RepeatConfig repeat => repeat.Layers.Any(HasEmbedding),
        ResidualConfig residual => residual.Layers.Concat(residual.Shortcut).Any(HasEmbedding),
        BranchConfig branch => branch.Paths.Any(p => p.Any(HasEmbedding)),
        _ => false,
    };

    // Behind layers that only change shapes; in one path of a branch is enough.
    private static int? RowsOf(IEnumerable<Layer> layers)
    {
        foreach (Layer layer in layers)
        {
            switch (layer)
            {
                case ReshapeLayer or PermuteLayer:
                    continue;
                case EmbeddingLayer embedding:
                    return embedding.Rows;
                case Residual residual:
                    return Smallest(residual.Paths);
                case Branch branch:
                    return Smallest(branch.Paths);
                default:
                    return null;
            }
        }
        return null;
    }

    private static int? Smallest(IEnumerable<IReadOnlyList<Layer>> paths) => paths.Select(RowsOf).Min();
}
