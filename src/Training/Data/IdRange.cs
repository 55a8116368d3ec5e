using System.Globalization;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Texts;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Data;

/// <summary>Range of ids: inputs that index rows of an embedding are integers from 0 to its rows - 1, and never scaled.</summary>
/// <param name="Rows">Number of rows of the smallest embedding that they index.</param>
internal sealed record IdRange(int Rows)
{
    private const int Piece = 1 << 12;

    /// <summary>The range of a config's inputs; null if its network has no embedding of them.</summary>
    public static IdRange? Of(RunConfig config, Shape shape)
    {
        EmbeddingLayer[] tables = config.Model.Any(HasEmbedding) ? [.. First(Network.Build(config.Model, shape).Layers)] : [];
        return tables.Length == 0 ? null : new IdRange(tables.Min(t => t.Rows));
    }

    /// <summary>An embedding whose input is the output of other layers instead of the data's ids; null for none.</summary>
    public static EmbeddingLayer? Misplaced(Network network) => network.AllLayers.OfType<EmbeddingLayer>().Except(First(network.Layers)).FirstOrDefault();

    /// <summary>Refuses a vocabulary with more ids than the embedding has rows.</summary>
    public void Check(TextVocabulary vocabulary, DataConfig config)
    {
        if (vocabulary.Size > Rows)
            throw ConfigException.At(config.Dataset?.Source, string.Create(CultureInfo.InvariantCulture, $"the text has a vocabulary of {vocabulary.Size} ids, and the embedding {Rows} rows; expected 'rows: {vocabulary.Size}', or a smaller 'vocabulary' in the data set's settings"));
    }

    /// <summary>Refuses an id out of range, naming its row and column.</summary>
    public void Check(SampleSet samples)
    {
        long size = samples.Shape.Count, count = samples.Count * size;
        var values = new double[Math.Min(Piece, count)];
        for (long begin = 0; begin < count; begin += values.Length)
        {
            Span<double> piece = values.AsSpan(0, (int)Math.Min(values.Length, count - begin));
            samples.Read(begin, piece);
            for (int i = 0; i < piece.Length; i++)
            {
                if (!(piece[i] >= 0 && piece[i] < Rows && piece[i] == Math.Floor(piece[i])))
                    throw Refuse(samples, (int)((begin + i) / size), (int)((begin + i) % size), piece[i]);
            }
        }
    }

    private GpuGradException Refuse(SampleSet samples, int sample, int number, double value)
    {
        string name = samples.Places?.NameOf(number) ?? SamplePlaces.Numbered(number);
        return DataFault.In(samples.PlaceOf(sample), string.Create(CultureInfo.InvariantCulture, $"{value} in {name}"), $"a whole number from 0 to {Rows - 1}, a row of the embedding");
    }

    private static bool HasEmbedding(LayerConfig layer) => layer switch
    {
        EmbeddingConfig => true,
        RepeatConfig repeat => repeat.Layers.Any(HasEmbedding),
        ResidualConfig residual => residual.Layers.Concat(residual.Shortcut).Any(HasEmbedding),
        BranchConfig branch => branch.Paths.Any(p => p.Any(HasEmbedding)),
        _ => false,
    };

    // The embeddings that get the raw data: after layers that only change shapes, at the start of a path.
    private static IEnumerable<EmbeddingLayer> First(IEnumerable<Layer> layers) =>
        layers.FirstOrDefault(l => l is not (ReshapeLayer or PermuteLayer)) switch
        {
            EmbeddingLayer embedding => [embedding],
            ColumnEmbeddings columns => columns.Inner.OfType<EmbeddingLayer>(),
            Residual residual => residual.Paths.SelectMany(First),
            Branch branch => branch.Paths.SelectMany(First),
            _ => [],
        };
}
