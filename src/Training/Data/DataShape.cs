using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data;

/// <summary>The shape that a network must fit: that of a sample, and the number of classes or regression targets.</summary>
/// <param name="Shape">Shape of one sample: [C, H, W] or [features].</param>
/// <param name="Classes">Number of classes; 0 for regression.</param>
/// <param name="Targets">Number of regression targets per sample; 0 for classification.</param>
public sealed record DataShape(Shape Shape, int Classes, int Targets = 0)
{
    /// <summary>Shape of the target: [T] for a class per position of a sequence, [H, W] for a class per pixel, [C, H, W] for target images; null for one class or a row of numbers.</summary>
    public Shape? Answer { get; init; }

    /// <summary>Whether each position of a sequence has a class: the network's output is then [T, classes].</summary>
    public bool HasPositionClasses => Classes > 0 && Answer is { Rank: 1 };

    /// <summary>The mask's [H, W] if each pixel has a class; null otherwise.</summary>
    public Shape? MaskShape => Classes > 0 && Answer is { Rank: > 1 } ? Answer : null;

    /// <summary>Inputs that are ids of categories, for which the network learns vectors; null for none.</summary>
    public IReadOnlyList<ColumnEmbedding>? Embeddings { get; init; }
}
