using System.Globalization;
using GpuGrad.Kernels.Ops.Embeddings;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

/// <summary>Looks up rows of a learned table by integer index, [T] → [T, width], as <c>torch.nn.Embedding</c>.</summary>
public sealed record EmbeddingConfig : LayerConfig
{
    // The largest range of integers that float32 represents exactly.
    private const int MostRows = 1 << 24;

    /// <summary>Number of rows in the table: ids run from 0 to rows - 1.</summary>
    public required int Rows { get; init => field = Config.Require.Between(value, 1, MostRows); }

    public required int Width { get; init => field = Config.Require.Positive(value); }

    [DefaultText("`normal: 1`")]
    public InitConfig? Init { get; init; }

    public override Layer Build(LayerSite site)
    {
        site.RequireRank(1, "[steps], whole numbers", "put 'flatten' before it");
        return new EmbeddingLayer(this, site) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class EmbeddingLayer : Layer
{
    private readonly Parameter table;

    internal EmbeddingLayer(EmbeddingConfig config, LayerSite site)
    {
        Output = new Shape(site.Input[0], config.Width);
        table = new Parameter($"{site.Path}.weight", site.Path, new Shape(config.Rows, config.Width))
        {
            Penalized = true,
            IsTable = true,
            Init = config.Init ?? new NormalInit { Std = 1 },
            FanIn = 1,
            FanOut = config.Width,
        };
        Details = string.Create(CultureInfo.InvariantCulture, $"{config.Rows} rows");
    }

    public override Shape Output { get; }

    public override string Details { get; }

    internal Parameter Table => table;

    /// <summary>Number of ids: the input holds 0 to one less than this.</summary>
    public int Rows => table.Shape[0];

    public override IReadOnlyList<Parameter> Parameters => [table];

    public override bool TakesSteps => true;

    public override Tensor Apply(LayerGraph g, Tensor x) => g.Graph.Add(new Embedding(), g[table], x);
}
