using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Layers;

public enum Join
{
    /// <summary>Concatenate along the first axis of a sample: channels after channels.</summary>
    Concat,
    Add,
    Multiply,
}

/// <summary>Parallel paths: several lists of layers that all get the input; their outputs are joined. An empty list is the identity.</summary>
public sealed record BranchConfig : LayerConfig
{
    [Shorthand]
    public required IReadOnlyList<IReadOnlyList<LayerConfig>> Paths { get; init => field = Config.Require.NotEmpty(value); }

    public Join Join { get; init; }

    public override Layer Build(LayerSite site)
    {
        IReadOnlyList<Layer>[] paths = [.. Paths.Select((p, i) => site.Build(p, $"{site.Path}.{i}", site.Input))];
        Shape[] shapes = [.. paths.Select(p => p.Count > 0 ? p[^1].Output : site.Input)];
        for (int i = 1; i < shapes.Length; i++)
        {
            bool fits = Join == Join.Concat
                ? shapes[i].Rank == shapes[0].Rank && shapes[i].With(0, 1) == shapes[0].With(0, 1)
                : shapes[i] == shapes[0];
            site.Require(fits, $"path 0 gives {shapes[0]} and path {i} gives {shapes[i]}; to {Join.ToString().ToLowerInvariant()} them they must agree{(Join == Join.Concat ? " in all axes but the first" : "")}");
        }
        Shape output = Join == Join.Concat ? shapes[0].With(0, shapes.Sum(s => s[0])) : shapes[0];
        return new Branch(paths, Join, output) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

public sealed class Branch : Layer
{
    private readonly IReadOnlyList<IReadOnlyList<Layer>> paths;
    private readonly Join join;

    internal Branch(IReadOnlyList<IReadOnlyList<Layer>> paths, Join join, Shape output) => (this.paths, this.join, Output) = (paths, join, output);

    public override Shape Output { get; }

    /// <summary>The parallel lists of layers.</summary>
    internal IReadOnlyList<IReadOnlyList<Layer>> Paths => paths;

    public override IReadOnlyList<Layer> Inner => [.. paths.SelectMany(p => p)];

    public override string Details => $"{paths.Count} paths, {join.ToString().ToLowerInvariant()}";

    public override bool TakesSteps => join != Join.Concat;

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        Tensor[] results = [.. paths.Select(p => g.Apply(p, x))];
        return join switch
        {
            Join.Add => results.Aggregate((a, b) => g.Graph.Add(new Add(), a, b)),
            Join.Multiply => results.Aggregate((a, b) => g.Graph.Add(new Multiply(), a, b)),
            _ => results.Length == 1 ? results[0] : g.Graph.Add(new Concat(1), results),
        };
    }
}
