using System.Globalization;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.BlackBox;

/// <summary>The part of a step that computed a value.</summary>
public enum Direction
{
    /// <summary>Fetching the batch.</summary>
    Input,
    Forward,
    Backward,
    Update,
}

/// <summary>Statistics of a tensor.</summary>
public sealed record TensorFigures(string Name, double Mean, double Deviation, double Largest)
{
    public static TensorFigures Of(string name, ReadOnlySpan<double> values)
    {
        double sum = 0, squares = 0, largest = 0;
        foreach (double v in values)
        {
            sum += v;
            squares += v * v;
            largest = Math.Max(largest, Math.Abs(v));
        }
        double mean = sum / Math.Max(1, values.Length);
        return new TensorFigures(name, mean, Math.Sqrt(Math.Max(0, (squares / Math.Max(1, values.Length)) - (mean * mean))), largest);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"mean {Mean:G3}, deviation {Deviation:G3}, largest {Largest:G3}");
}

/// <summary>The first non-finite value of a step.</summary>
public sealed record Finding
{
    /// <summary>The step, from 1.</summary>
    public required long Step { get; init; }

    public required int Epoch { get; init; }

    public required Direction Direction { get; init; }

    /// <summary>The layer's path; <c>loss</c> for the loss.</summary>
    public required string Layer { get; init; }

    /// <summary>Kind of the layer, e.g. <c>conv</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Description of the tensor: <c>output</c>, <c>gradient of 0.weight</c>, <c>0.weight</c>.</summary>
    public required string Tensor { get; init; }

    public required Shape Shape { get; init; }

    /// <summary>Index of the first such element.</summary>
    public required IReadOnlyList<int> Index { get; init; }

    public required double Value { get; init; }

    /// <summary>Number of elements of the tensor that are not finite.</summary>
    public required long Count { get; init; }

    /// <summary>The op that computed it.</summary>
    public required string Op { get; init; }

    /// <summary>The same tensor in the step before; null if that was not replayed.</summary>
    public TensorFigures? Before { get; init; }

    /// <summary>Inputs of the op.</summary>
    public IReadOnlyList<TensorFigures> Inputs { get; init; } = [];

    /// <summary>Index in the training data of the sample that it belongs to; null for none.</summary>
    public int? Sample { get; init; }

    public override string ToString()
    {
        string where = Layer.Length > 0 ? $"layer {Layer} ({Kind})" : Kind;
        string place = $"[{string.Join(", ", Index)}]";
        return string.Create(CultureInfo.InvariantCulture, $"the first is {Value} at {place} of the {Tensor} {Shape} of {where}, {Direction.ToString().ToLowerInvariant()} pass of step {Step}");
    }
}
