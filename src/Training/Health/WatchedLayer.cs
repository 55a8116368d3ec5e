using GpuGrad.Training.Layers;

namespace GpuGrad.Training.Health;

/// <summary>The way in which a unit of an activation function can stop learning.</summary>
public enum UnitFault
{
    /// <summary>It cannot stop learning.</summary>
    None,

    /// <summary>It outputs 0 for every sample, and its derivative is 0 there.</summary>
    Dead,

    /// <summary>It stays on the flat ends of its curve.</summary>
    Saturated,
}

/// <summary>A pass of a recurrent layer over time, whose gradient is measured per time step.</summary>
/// <param name="Path">The layer's path in the network.</param>
/// <param name="Kind">Kind of the layer, e.g. <c>lstm</c>.</param>
/// <param name="Name">Its level and direction, e.g. <c>l0</c> or <c>l1_reverse</c>.</param>
/// <param name="Reverse">Whether it runs from the last step to the first.</param>
/// <param name="Steps">Number of time steps.</param>
public sealed record WatchedTime(string Path, string Kind, string Name, bool Reverse, int Steps)
{
    /// <summary>Offset of its measurements in the probe's slot.</summary>
    public int Offset { get; init; }
}

/// <summary>An attention layer whose heads are measured.</summary>
/// <param name="Path">The layer's path in the network.</param>
/// <param name="Kind">Kind of the layer, e.g. <c>attention</c>.</param>
/// <param name="Heads">Number of heads.</param>
/// <param name="Width">Width of a head.</param>
public sealed record WatchedHeads(string Path, string Kind, int Heads, int Width)
{
    /// <summary>A head is dead where its output and the gradient that reaches it are both below this share of those of the layer's strongest head.</summary>
    public const double DeadBelow = 0.01;

    /// <summary>Offset of its measurements in the probe's slot: the statistics of the outputs' columns, then those of their gradients.</summary>
    public int Offset { get; init; }
}

/// <summary>A layer whose output is measured.</summary>
/// <param name="Path">Its path in the network.</param>
/// <param name="Kind">Kind of the layer, e.g. <c>relu</c>.</param>
/// <param name="Axis">The axis of [N, …] that holds its units.</param>
/// <param name="Units">Number of units: channels of an image, elements of a row.</param>
/// <param name="PerUnit">Number of outputs per unit in a batch.</param>
public sealed record WatchedLayer(string Path, string Kind, int Axis, int Units, int PerUnit)
{
    /// <summary>Offset of its measurements in the probe's slot.</summary>
    public int Offset { get; init; }

    /// <summary>At or below this a unit is off, or saturated at the lower end.</summary>
    public double Low => Kind switch
    {
        // Where the derivative is less than a tenth of its maximum.
        "sigmoid" => 0.026,
        "tanh" => -0.949,
        "hard-tanh" => -1,
        "relu" or "relu6" or "hard-sigmoid" => 0,
        _ => double.NegativeInfinity,
    };

    /// <summary>At or above this a unit is saturated at the upper end.</summary>
    public double High => Kind switch
    {
        "sigmoid" => 0.974,
        "tanh" => 0.949,
        "hard-tanh" or "hard-sigmoid" => 1,
        _ => double.PositiveInfinity,
    };

    public UnitFault Fault => Kind switch
    {
        "relu" or "relu6" => UnitFault.Dead,
        "sigmoid" or "tanh" or "hard-tanh" or "hard-sigmoid" => UnitFault.Saturated,
        _ => UnitFault.None,
    };

    /// <summary>Path and kind of the layer, e.g. <c>1 (relu)</c>.</summary>
    public string Name => $"{Path} ({Kind})";

    /// <summary>Whether a layer's output is measured: activations are, and the network's last layer.</summary>
    public static bool IsWatched(Layer layer, bool isLast) => isLast || LayerCatalog.IsActivation(layer.Kind);

    /// <summary>Whether the units of a kind of layer are the last axis of its output; otherwise they are the first axis of a sample.</summary>
    public static bool UnitsAreLast(string kind) => kind is "dense" or "embedding" or "layernorm" or "rmsnorm" or "positions" or "attention" or "transformer";
}
