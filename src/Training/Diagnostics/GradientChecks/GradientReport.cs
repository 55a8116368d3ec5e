using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Diagnostics.GradientChecks;

/// <summary>An element of a gradient with its central difference.</summary>
public sealed record CheckedEntry
{
    /// <summary>The position of an entry for the slope along all elements of the tensor at once.</summary>
    public const int All = -1;

    // In double a correct gradient agrees to about 1e-8; real defects are off by per cents.
    private const double Relative = 1e-5;

    private readonly double allowed;

    internal CheckedEntry(int place, double analytic, NumericSlope numeric, double scale)
    {
        (Place, Analytic, Numeric, Step, AtKink, KinkAvoided) = (place, analytic, numeric.Value, numeric.Step, numeric.Kink, numeric.Avoided);
        Scale = Math.Max(scale, Math.Max(Math.Abs(analytic), Math.Abs(numeric.Value)));
        // Also relative to the tensor's typical gradient, because the curvature along an element with hardly any slope is not small.
        allowed = (Relative * Math.Max(Math.Max(Math.Abs(analytic), Math.Abs(numeric.Value)), 0.1 * scale)) + numeric.Noise;
    }

    /// <summary>Position in the tensor, or <see cref="All"/>.</summary>
    public int Place { get; }

    /// <summary>The gradient by reverse mode.</summary>
    public double Analytic { get; }

    /// <summary>The central difference.</summary>
    public double Numeric { get; }

    /// <summary>h of the central difference.</summary>
    public double Step { get; }

    /// <summary>Whether there is a kink between x-h and x+h for every h tried.</summary>
    public bool AtKink { get; }

    /// <summary>Whether a kink was within the first step, so that a smaller one was taken.</summary>
    public bool KinkAvoided { get; }

    public bool Agrees => Math.Abs(Analytic - Numeric) <= allowed;

    /// <summary>Whether it is not compared, because the slope is discontinuous here.</summary>
    public bool Skipped => AtKink && !Agrees && double.IsFinite(Numeric);

    /// <summary>Whether both are 0 within the rounding of the loss.</summary>
    internal bool IsNothing => Math.Max(Math.Abs(Analytic), Math.Abs(Numeric)) <= allowed;

    internal double Scale { get; }
}

/// <summary>Error of a device's gradient against the reference.</summary>
public sealed record DeviceError(double Relative, bool Passed)
{
    // Float arithmetic over many layers: measured 1e-6 to 2e-4, mostly where rounding moves a ReLU's input to the other side.
    private const double Limit = 2e-3;

    /// <param name="reference">The gradient in double.</param>
    /// <param name="device">The same on the device.</param>
    /// <param name="typical">Typical size of the network's gradients: a gradient that is 0 but for rounding (a bias before a batch norm) has no relative error.</param>
    public static DeviceError Of(double[] reference, double[] device, double typical)
    {
        // Written so that a NaN fails.
        double distance = Math.Sqrt(reference.Zip(device, (r, d) => (r - d) * (r - d)).Sum());
        bool nothing = distance <= 1e-5 * typical * Math.Sqrt(reference.Length);
        double error = Tolerance.RelativeError(reference, device);
        return new DeviceError(error > Limit && nothing ? 0 : error, error <= Limit || nothing);
    }
}

/// <summary>The check of a tensor's gradient.</summary>
public sealed record CheckedTensor
{
    public required string Name { get; init; }

    /// <summary>Path of its layer; <c>input</c> for the samples.</summary>
    public required string Layer { get; init; }

    public required string Kind { get; init; }

    public required Shape Shape { get; init; }

    /// <summary>The comparisons; the last one is the slope along all elements, unless each was perturbed separately.</summary>
    public required IReadOnlyList<CheckedEntry> Entries { get; init; }

    /// <summary>False if the loss does not depend on the tensor, in which case a gradient of 0 would look right.</summary>
    public bool IsRead { get; init; } = true;

    /// <summary>The other device's gradient; null if there is no other device.</summary>
    public DeviceError? Device { get; init; }

    /// <summary>Number of elements that were perturbed separately.</summary>
    public int Moved => Entries.Count(e => e.Place != CheckedEntry.All);

    public int Skipped => Entries.Count(e => e.Skipped);

    /// <summary>‖analytic - numeric‖ / ‖numeric‖ over the comparisons.</summary>
    public double RelativeError => Compared.All(e => e.IsNothing) ? 0 : Tolerance.RelativeError([.. Compared.Select(e => e.Numeric / Math.Max(e.Scale, double.Epsilon))], [.. Compared.Select(e => e.Analytic / Math.Max(e.Scale, double.Epsilon))]);

    /// <summary>The entry with the largest error; null if nothing could be compared.</summary>
    public CheckedEntry? Worst => Compared.OrderBy(e => e.Agrees).ThenByDescending(e => Math.Abs(e.Analytic - e.Numeric)).FirstOrDefault();

    /// <summary>Whether every compared element agrees, there is one, and the other device's gradient agrees too.</summary>
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

/// <summary>The check of a network's gradients.</summary>
public sealed record GradientReport
{
    public required double Loss { get; init; }

    public required IReadOnlyList<CheckedTensor> Tensors { get; init; }

    /// <summary>Number of tensors that were perturbed at once, if the sum of their slopes was right; 1 if each was perturbed separately.</summary>
    public int Together { get; init; } = 1;

    /// <summary>Number of evaluations of the loss in the check.</summary>
    public required long Evaluations { get; init; }

    /// <summary>Number of trained parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Number of evaluations for the whole gradient by forward differences: one at the point, and one per parameter.</summary>
    public long ForwardEvaluations => Parameters + 1;

    /// <summary>The same by central differences: two per parameter.</summary>
    public long CentralEvaluations => 2 * Parameters;

    public bool Passed => Tensors.Count > 0 && Tensors.All(t => t.Passed);
}
