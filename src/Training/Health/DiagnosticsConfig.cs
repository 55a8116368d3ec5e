using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Health;

/// <summary>Measurements of a run about itself. Only <c>on-dead: reinit</c> changes a bit of the trained weights.</summary>
public sealed record DiagnosticsConfig : ILocated
{
    [NotConfig]
    public Mark? Source { get; init; }

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

    /// <summary>What happens to the units of a relu or relu6 that have given 0 for every sample as long as alarm G001 asks for.</summary>
    public OnDead OnDead { get; init; }
}

/// <summary>What happens to dead units.</summary>
public enum OnDead
{
    /// <summary>They stay dead; the alarm says so.</summary>
    Nothing,

    /// <summary>
    /// The weights into a unit are drawn anew from the layer's initialiser, those out of it become 0, and the optimizer's state for both is cleared (Sokar et al., 2023). The outputs of the network
    /// stay what they were.
    /// </summary>
    Reinit,
}
