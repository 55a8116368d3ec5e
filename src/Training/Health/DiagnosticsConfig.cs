using GpuGrad.Training.Config;

namespace GpuGrad.Training.Health;

/// <summary>Measurements of a run about itself. They do not change a bit of the trained weights.</summary>
public sealed record DiagnosticsConfig
{
    /// <summary>Steps between measurements of gradients, activations and updates, layer by layer; 0 for none.</summary>
    [Shorthand]
    public int Every { get; init => field = Require.NonNegative(value); } = 10;

    /// <summary>
    /// The largest share of the training time that measurements may take: where they cost more, they come at longer intervals than <c>every</c>. By the clock, so two runs may measure at
    /// different steps. Devices that compute ahead of the program (GPUs) are not timed step by step: there <c>every</c> alone decides.
    /// </summary>
    [DefaultText("none: `every` decides")]
    public double? Budget { get; init => field = value is double share ? Require.Between(share, 0.0001, 1) : null; }

    /// <summary>Audit the initialization on the first samples: how signals and gradients grow or shrink, and what the loss should be.</summary>
    public bool InitAudit { get; init; } = true;

    /// <summary>Keep a recent state in memory: after NaN or infinity, replay the step op by op and name the first value that is not finite.</summary>
    public bool BlackBox { get; init; } = true;
}
