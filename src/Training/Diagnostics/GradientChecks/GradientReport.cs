using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Diagnostics.GradientChecks;

/// <summary>A number of a gradient against its central difference.</summary>
public sealed record CheckedEntry
{
    /// <summary>The place of an entry that stands for the slope along all numbers of the tensor at once.</summary>
    public const int All = -1;

    // In double a right gradient agrees to 1e-8 or so; the smallest defects worth the name are off by per cents.
    private const double Relative = 1e-5;

    private readonly double allowed;

    internal CheckedEntry(int place, double analytic, NumericSlope numeric, double scale)
    {
        (Place, Analytic, Numeric, Step, AtKink, KinkAvoided) = (place, analytic, numeric.Value, numeric.Step, numeric.Kink, numeric.Avoided);
        Scale = Math.Max(scale, Math.Max(Math.Abs(analytic), Math.Abs(numeric.Value)));
        // Against the tensor's typical gradient too, because the curvature along a number with hardly any slope is not small.
        allowed = (Relative * Math.Max(Math.Max(Math.Abs(analytic), Math.Abs(numeric.Value)), 0.1 * scale)) + numeric.Noise;
    }

    /// <summary>Position in the tensor, or <see cref="All"/>.</summary>
    public int Place { get; }

    /// <summary>By reverse mode.</summary>
    public double Analytic { get; }

    /// <summary>By evaluating the loss.</summary>
    public double Numeric { get; }

    /// <summary>h of the central difference.</summary>
    public double Step { get; }

    /// <summary>Whether a kink lies between x-h and x+h for every h tried.</summary>
    public bool AtKink { get; }

    /// <summary>Whether a kink was within the first step, so that a smaller one was taken.</summary>
    public bool KinkAvoided { get; }

    public bool Agrees => Math.Abs(Analytic - Numeric) <= allowed;

    /// <summary>Left out: the slope jumps here, so a difference that is off says nothing.</summary>
    public bool Skipped => AtKink && !Agrees && double.IsFinite(Numeric);

    /// <summary>Whether both are 0 as far as the rounding of the loss lets one see.</summary>
    internal bool IsNothing => Math.Max(Math.Abs(Analytic), Math.Abs(Numeric)) <= allowed;

    internal double Scale { get; }
}

/// <summary>Error of a device's gradient against the reference.</summary>
public sealed record DeviceError(double Relative, bool Passed)
{
    // Float arithmetic over many layers; measured 1e-6 to 2e-4, most of it where a ReLU's input is rounded to its other side.
    private const double Limit = 2e-3;

    /// <param name="reference">The gradient in double.</param>
    /// <param name="device">The same on the device.</param>
    /// <param name="typical">Size of the network's gradients: what is 0 but for rounding (a bias before a batch norm) has no relative error.</param>
    public static DeviceError Of(double[] reference, double[] device, double typical)
    {
        // Written so that a NaN fails.
        double distance = Math.Sqrt(reference.Zip(device, (r, d) => (r - d) * (r - d)).Sum());
        bool nothing = distance <= 1e-5 * typical * Math.Sqrt(reference.Length);
        double error = Tolerance.RelativeError(reference, device);
        return new DeviceError(error > Limit && nothing ? 0 : error, error <= Limit || nothing);
    }
}

/// <summary>A tensor's gradient, checked.</summary>
public sealed record CheckedTensor
{
    public required string Name { get; init; }

    /// <summary>Path of its layer; <c>input</c> for the samples.</summary>
    public required string Layer { get; init; }

    public required string Kind { get; init; }

    public required Shape Shape { get; init; }

    /// <summary>What was compared; the last one is the slope along all numbers where not all were moved by themselves.</summary>
    public required IReadOnlyList<CheckedEntry> Entries { get; init; }

    /// <summary>False for a tensor that the loss does not depend on: it moves nothing, so a gradient of 0 would look right.</summary>
    public bool IsRead { get; init; } = true;

    /// <summary>The other device's gradient; null when none was asked for.</summary>
    public DeviceError? Device { get; init; }

    /// <summary>Numbers that were moved by themselves.</summary>
    public int Moved => Entries.Count(e => e.Place != CheckedEntry.All);

    public int Skipped => Entries.Count(e => e.Skipped);

    /// <summary>‖analytic - numeric‖ / ‖numeric‖ over what was compared.</summary>
    public double RelativeError => Compared.All(e => e.IsNothing) ? 0 : Tolerance.RelativeError([.. Compared.Select(e => e.Numeric / Math.Max(e.Scale, double.Epsilon))], [.. Compared.Select(e => e.Analytic / Math.Max(e.Scale, double.Epsilon))]);

    /// <summary>The entry that is off most; null when nothing could be compared.</summary>
    public CheckedEntry? Worst => Compared.OrderBy(e => e.Agrees).ThenByDescending(e => Math.Abs(e.Analytic - e.Numeric)).FirstOrDefault();

    /// <summary>Every compared number agrees, there is one, and the other device's gradient agrees too.</summary>
    public bool Passed => Problem is null;

    /// <summary>Describes the failure; null if there is none.</summary>
    public string? Problem =>
        !IsRead ? "nothing in the forward pass reads it"
        : !Compared.Any() ? "nothing to compare: every place is a kink"
        : Compared.Any(e => !e.Agrees) ? "differs from central differences"
        : Device is { Passed: false } ? "the device differs from the reference"
        : null;

    private IEnumerable<CheckedEntry> Compared => Entries.Where(e => !e.Skipped);
}

/// <summary>A network's gradients, checked.</summary>
public sealed record GradientReport
{
    public required double Loss { get; init; }

    public required IReadOnlyList<CheckedTensor> Tensors { get; init; }

    /// <summary>Tensors that were moved at once, where their slopes added up to what was expected; 1 when each was moved by itself.</summary>
    public int Together { get; init; } = 1;

    /// <summary>Evaluations of the loss that the check took.</summary>
    public required long Evaluations { get; init; }

    /// <summary>Trained numbers of the network.</summary>
    public required long Parameters { get; init; }

    /// <summary>Evaluations for the whole gradient by forward differences: one at the point, one for each number.</summary>
    public long ForwardEvaluations => Parameters + 1;

    /// <summary>By central differences: two for each number.</summary>
    public long CentralEvaluations => 2 * Parameters;

    public bool Passed => Tensors.Count > 0 && Tensors.All(t => t.Passed);
}
