using GpuGrad.Training.Layers;

namespace GpuGrad.Training.Health;

/// <summary>Two layers of weights with nothing between them that bends: together they are no more than one.</summary>
internal static class LinearPair
{
    private static readonly string[] Weights = ["dense", "conv", "conv-transpose"];

    private static readonly string[] Straight = ["flatten", "reshape", "permute", "dropout", "batchnorm", "avgpool", "global-avgpool", "upsample"];

    /// <summary>The first such pair of a network's layers, by path; null where there is none.</summary>
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
