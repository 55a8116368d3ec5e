using GpuGrad.Training.Layers;

namespace GpuGrad.Training.Health;

/// <summary>Way in which a unit of an activation function can stop learning.</summary>
public enum UnitFault
{
    /// <summary>It cannot.</summary>
    None,

    /// <summary>It gives 0 for everything, and its derivative is 0 there.</summary>
    Dead,

    /// <summary>It sits on the flat ends of its curve.</summary>
    Saturated,
}

/// <summary>A recurrent layer's walk through time, whose gradient is looked at step by step.</summary>
/// <param name="Path">The layer's path in the network.</param>
/// <param name="Kind">What it is, e.g. <c>lstm</c>.</param>
/// <param name="Name">Which of its levels and directions, e.g. <c>l0</c> or <c>l1_reverse</c>.</param>
/// <param name="Reverse">Whether it goes from the last step to the first.</param>
/// <param name="Steps">How many steps it has.</param>
public sealed record WatchedTime(string Path, string Kind, string Name, bool Reverse, int Steps)
{
    /// <summary>Offset of its figures in the slot of health figures.</summary>
    public int Offset { get; init; }
}

/// <summary>A layer whose output is looked at.</summary>
/// <param name="Path">Its path in the network.</param>
/// <param name="Kind">What it is, e.g. <c>relu</c>.</param>
/// <param name="Axis">The axis of [N, …] along which its units lie.</param>
/// <param name="Units">How many it has: channels of an image, numbers of a row.</param>
/// <param name="PerUnit">Numbers that a unit gives for a batch.</param>
public sealed record WatchedLayer(string Path, string Kind, int Axis, int Units, int PerUnit)
{
    /// <summary>Offset of its figures in the slot of health figures.</summary>
    public int Offset { get; init; }

    /// <summary>At or below this a unit is off, or on its lower flat end.</summary>
    public double Low => Kind switch
    {
        // Where the derivative is less than a tenth of its largest value.
        "sigmoid" => 0.026,
        "tanh" => -0.949,
        "hard-tanh" => -1,
        "relu" or "relu6" or "hard-sigmoid" => 0,
        _ => double.NegativeInfinity,
    };

    /// <summary>At or above this a unit is on its upper flat end.</summary>
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

    /// <summary>The layer in words, e.g. <c>1 (relu)</c>.</summary>
    public string Name => $"{Path} ({Kind})";

    /// <summary>Whether a layer's output is looked at: activations are, and the network's last layer.</summary>
    public static bool IsWatched(Layer layer, bool isLast) => isLast || LayerCatalog.IsActivation(layer.Kind);

    /// <summary>Whether the units of a kind of layer are the last axis of its output; else they are the first of a sample.</summary>
    public static bool UnitsAreLast(string kind) => kind is "dense" or "embedding" or "layernorm" or "rmsnorm" or "positions" or "attention" or "transformer";
}
