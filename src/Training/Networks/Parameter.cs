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

    /// <summary>Inputs that one output sums up.</summary>
    public int FanIn { get; init; } = 1;

    /// <summary>Outputs that one input reaches.</summary>
    public int FanOut { get; init; } = 1;

    /// <summary>True for what multiplies an input: penalties pull it towards 0, and leave biases and the factors of normalisations alone.</summary>
    public bool Penalized { get; init; }

    /// <summary>What each filter sees of a sample, for those of a convolution that nothing comes before; null for others.</summary>
    public PatchWindow? Patches { get; init; }

    /// <summary>Whether rows of it are picked by ids, as those of an embedding.</summary>
    public bool IsTable { get; init; }

    /// <summary>False for running statistics: they have no gradient and no optimizer touches them.</summary>
    public bool Trained { get; init; } = true;
}
