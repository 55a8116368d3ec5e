using GpuGrad.Training.Layers;

namespace GpuGrad.Training.Health;

/// <summary>Finds two layers of weights without a nonlinearity in between: together they are no more than one layer.</summary>
internal static class LinearPair
{
    private static readonly string[] Weights = ["dense", "conv", "conv-transpose"];

    private static readonly string[] Straight = ["flatten", "reshape", "permute", "dropout", "batchnorm", "avgpool", "global-avgpool", "upsample"];

    /// <summary>The first such pair of a network's layers, by path; null if there is none.</summary>
    public static (string First, string Second)? In(IReadOnlyList<Layer> layers)
    {
        string? open = null;
        foreach (Layer layer in layers)
        {
            if (Weights.Contains(layer.Kind))
            {
                if (open is not null)
                    return (open, layer.Path);
                open = layer.Path;
            }
            else if (!Straight.Contains(layer.Kind))
            {
                open = null;
            }
        }
        return null;
    }
}
