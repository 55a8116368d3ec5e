using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Initializers;

namespace GpuGrad.Training.Layers;

/// <summary>
/// Embeds the category ids among the numbers of a table's row: each id is replaced by its learned vector. It comes
/// before the layers of the config, whose paths it does not change.
/// </summary>
public sealed class ColumnEmbeddings : Layer
{
    /// <summary>Its path; a column's embedding is <c>columns.NAME</c>.</summary>
    public const string Root = "columns";

    // Small, so that a rare or unseen category has little effect.
    private const double Deviation = 0.05;

    private readonly IReadOnlyList<ColumnEmbedding> columns;
    private readonly EmbeddingLayer[] tables;

    internal ColumnEmbeddings(Shape input, IReadOnlyList<ColumnEmbedding> columns)
    {
        this.columns = columns;
        var names = new HashSet<string>(StringComparer.Ordinal);
        tables = [.. columns.Select(c => Table($"{Root}.{Unique(c.Column, names)}", c))];
        Output = new Shape(checked(input[0] + columns.Sum(c => c.Width - 1)));
    }

    public override Shape Output { get; }

    public override IReadOnlyList<Layer> Inner => tables;

    public override string Details => string.Join(", ", columns.Select(c => c.Column));

    /// <summary>Number of categories of an input; 0 if it is not an id.</summary>
    public int RowsOf(int number) => columns.FirstOrDefault(c => c.At == number)?.Rows ?? 0;

    /// <summary>The layer for samples of a shape; null if they have no ids.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: another layer has its name.</exception>
    public static ColumnEmbeddings? Of(DataShape data, IReadOnlyList<LayerConfig> layers)
    {
        if (data.Embeddings is not { } columns)
            return null;
        if (layers.FirstOrDefault(l => l.Name == Root) is { } named)
            throw ConfigException.At(named.Source, $"a layer called '{Root}', as the embeddings of the table's columns are; expected another name");
        return new ColumnEmbeddings(data.Shape, columns) { Path = Root, Kind = Root, Input = data.Shape };
    }

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        var parts = new List<Tensor>();
        int next = 0;
        for (int i = 0; i < columns.Count; i++)
        {
            AddNumbers(columns[i].At);
            Tensor vector = g.Apply(tables[i], Part(next, 1));
            parts.Add(g.Graph.Reshape(vector, new Shape(x.Shape[0], columns[i].Width)));
            next++;
        }
        AddNumbers(Input[0]);
        return parts.Count == 1 ? parts[0] : g.Graph.Add(new Concat(1), [.. parts]);

        void AddNumbers(int end)
        {
            if (end > next)
                parts.Add(Part(next, end - next));
            next = end;
        }

        Tensor Part(int start, int length) => length == Input[0] ? x : g.Graph.Add(new Slice(1, start, length), x);
    }

    private static EmbeddingLayer Table(string path, ColumnEmbedding column)
    {
        var config = new EmbeddingConfig { Rows = column.Rows, Width = column.Width, Init = new NormalInit { Std = Deviation } };
        return (EmbeddingLayer)config.Build(new LayerSite(path, "embedding", new Shape(1), config, Follower.Nothing));
    }

    // Restricted to the characters of layer names, so that patterns can refer to them.
    private static string Unique(string column, HashSet<string> names)
    {
        string plain = string.Concat(column.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '_')), name = plain;
        for (int i = 2; !names.Add(name); i++)
            name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{plain}-{i}");
        return name;
    }
}
