using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data;

/// <summary>Shape that a network must fit: that of a sample, and the number of classes or regression targets.</summary>
/// <param name="Shape">Shape of one sample: [C, H, W] or [features].</param>
/// <param name="Classes">Number of classes; 0 for regression.</param>
/// <param name="Targets">Numbers to predict for each sample; 0 for classification.</param>
public sealed record DataShape(Shape Shape, int Classes, int Targets = 0)
{
    /// <summary>[T] where each position of a sequence has a class, [H, W] where each place of a map has, [C, H, W] where the targets are an image; null for one class or a row of numbers.</summary>
    public Shape? Answer { get; init; }

    /// <summary>Whether each position of a sequence has a class: the network's output is [T, classes].</summary>
    public bool HasPositionClasses => Classes > 0 && Answer is { Rank: 1 };

    /// <summary>The mask's [H, W] where each place of a map has a class; null for others.</summary>
    public Shape? MaskShape => Classes > 0 && Answer is { Rank: > 1 } ? Answer : null;

    /// <summary>Numbers of a sample that are ids of categories, for which the network learns vectors; null for none.</summary>
    public IReadOnlyList<ColumnEmbedding>? Embeddings { get; init; }
}
