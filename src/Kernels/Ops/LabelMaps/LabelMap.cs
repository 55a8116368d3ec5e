using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.LabelMaps;

/// <summary>
/// Sizes of scores [N, K, …] with a class per position: N samples, K classes, <c>Places</c> positions (pixels; 1 if a
/// sample has one class).
/// </summary>
internal readonly record struct LabelMap(int N, int K, int Places)
{
    /// <summary>The label of a position without a class, which is ignored by losses.</summary>
    public const int Ignored = -1;

    public int Count => N * Places;

    public static LabelMap Of(Shape scores) => new(scores[0], scores[1], scores.LengthOf(2..));

    /// <summary>Checks scores [N, K, …].</summary>
    public static LabelMap Check(TensorType scores, string name)
    {
        Expect.Element(scores, ElementType.Real, name);
        Expect.That(scores.Shape.Rank >= 2, $"'{name}' has shape {scores.Shape}, expected [samples, classes, …].");
        return Of(scores.Shape);
    }

    /// <summary>Checks scores [N, K, …] and labels int [N, …].</summary>
    public static LabelMap Check(TensorType scores, TensorType labels)
    {
        LabelMap map = Check(scores, "log-probabilities");
        Expect.Element(labels, ElementType.Int32, "labels");
        Expect.That(labels.Shape.Length == map.Count, $"'labels' has shape {labels.Shape}; the scores {scores.Shape} need {map.N} × {map.Places} of them.");
        return map;
    }
}
