using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Initializers;

namespace GpuGrad.Training.Networks;

/// <summary>A tensor that a layer keeps between steps. Names and shapes are those of the equivalent <c>torch.nn.Sequential</c>.</summary>
/// <param name="Name">Full name, e.g. <c>3.weight</c>.</param>
/// <param name="Layer">Path of its layer, e.g. <c>3</c>.</param>
/// <param name="Shape">Dense [out, in], conv [K, C, R, S], bias [out].</param>
public sealed record Parameter(string Name, string Layer, Shape Shape)
{
    public required InitConfig Init { get; init; }

    /// <summary>Number of inputs that one output sums.</summary>
    public int FanIn { get; init; } = 1;

    /// <summary>Number of outputs that one input reaches.</summary>
    public int FanOut { get; init; } = 1;

    /// <summary>Whether penalties apply: to weights that multiply an input, not to biases and the factors of normalisations.</summary>
    public bool Penalized { get; init; }

    /// <summary>The patch of a sample that each filter sees, for a convolution that is the first layer; null for others.</summary>
    public PatchWindow? Patches { get; init; }

    /// <summary>Whether its rows are looked up by ids, as in an embedding.</summary>
    public bool IsTable { get; init; }

    /// <summary>False for running statistics: they have no gradient and no optimizer state.</summary>
    public bool Trained { get; init; } = true;
}
