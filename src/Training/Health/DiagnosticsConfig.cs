using GpuGrad.Training.Config;

namespace GpuGrad.Training.Health;

/// <summary>What a run watches about itself. It changes no bit of what is trained.</summary>
public sealed record DiagnosticsConfig
{
    /// <summary>Steps between two that are looked into layer by layer: gradients, activations, updates; 0 for none.</summary>
    [Shorthand]
    public int Every { get; init => field = Require.NonNegative(value); } = 10;

    /// <summary>Measure the network's start on the first batch: how signals and gradients grow or shrink, what the loss should be.</summary>
    public bool InitAudit { get; init; } = true;

    /// <summary>Keep the state of a moment ago in memory: when a number is no longer finite, the step is replayed op by op and the first such number named.</summary>
    public bool BlackBox { get; init; } = true;
}
