using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Steps;

/// <summary>A graph of a model, with its plan.</summary>
public sealed record BoundGraph(ModelGraph Graph, Plan Plan)
{
    /// <summary>The loss of the last run.</summary>
    public double Loss => Value(Graph.Loss!);

    /// <summary>Weight of the batch: its number of samples, or the sum of their class weights if gradients are accumulated.</summary>
    public double Weight => Graph.LossWeight is null ? Graph.BatchSize : Value(Graph.LossWeight);

    /// <summary>The norm of all gradients in the last run; NaN if it is not computed.</summary>
    public double GradientNorm => Graph.GradientNorm is null ? double.NaN : Value(Graph.GradientNorm);

    private double Value(Tensor tensor)
    {
        Span<double> value = stackalloc double[1];
        Plan.Read(tensor, value);
        return value[0];
    }
}
