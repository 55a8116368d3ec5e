using GpuGrad.Training.Config;

namespace GpuGrad.Training.Health;

/// <summary>What the run measures about itself. It does not change a bit of the trained weights.</summary>
public sealed record DiagnosticsConfig
{
    /// <summary>Steps between measurements of gradients, activations and updates, layer by layer; 0 for none.</summary>
    [Shorthand]
    public int Every { get; init => field = Require.NonNegative(value); } = 10;

    /// <summary>Audit the initialization on the first samples: how signals and gradients grow or shrink, and what the loss should be.</summary>
    public bool InitAudit { get; init; } = true;

    /// <summary>Keep a recent state in memory: after NaN or infinity, replay the step op by op and name the first number that is not finite.</summary>
    public bool BlackBox { get; init; } = true;
}
