using System.Globalization;
using System.Text;

namespace GpuGrad.Kernels.Conformance;

/// <summary>
/// How far two results may differ: by the norm of the difference relative to the norm of the expected result, because
/// single elements near zero say nothing. Written so that a NaN on either side fails.
/// </summary>
public sealed record Tolerance
{
    private Tolerance(string name, double relative, double absolute) => (Name, Relative, Absolute) = (name, relative, absolute);

    /// <summary>The same bits.</summary>
    public static Tolerance Exact { get; } = new("exact", 0, 0);

    /// <summary>A device in float against the reference in double, forward.</summary>
    public static Tolerance Forward { get; } = new("forward", 1e-5, 1e-7);

    /// <summary>A device in float against the reference in double, gradients.</summary>
    public static Tolerance Backward { get; } = new("backward", 1e-4, 1e-7);

    /// <summary>A backward rule against central differences, both in double.</summary>
    public static Tolerance Differences { get; } = new("central differences", 1e-6, 1e-8);

    /// <summary>The reference against an independent implementation, both in double.</summary>
    public static Tolerance Golden { get; } = new("golden", 1e-9, 1e-12);

    /// <summary>A training step in float against PyTorch's in double: loss, output, activations, weights after the update.</summary>
    public static Tolerance Agreement { get; } = new("agreement", 1e-5, 0);

    /// <summary>A training step in float against PyTorch's in double: gradients.</summary>
    public static Tolerance AgreementOfGradients { get; } = new("agreement of gradients", 1e-4, 0);

    /// <summary>A training step of the reference against PyTorch's, both in double: everything.</summary>
    public static Tolerance AgreementInDouble { get; } = new("agreement in double", 1e-9, 0);

    public string Name { get; }

    /// <summary>Largest ‖expected - actual‖ / ‖expected‖.</summary>
    public double Relative { get; }

    /// <summary>Largest root mean square difference that always passes, for results that should be 0.</summary>
    public double Absolute { get; }

    /// <summary>
    /// For a result that is 0 because larger numbers cancel, such as the gradient of a bias before a batch norm:
    /// the relative tolerance is of the root mean square of those numbers.
    /// </summary>
    public Tolerance ForCancelled(double size) => new($"{Name}, cancelled", Relative, Math.Max(Absolute, Relative * size));

    /// <summary>
    /// For a parameter after an update by a gradient that should be 0: an optimizer that divides by the gradient's size turns
    /// the rounding error into a whole step, up or down.
    /// </summary>
    public Tolerance ForStepOfNoise(double rate) => new($"{Name}, moved by rounding", Relative, Math.Max(Absolute, 2 * rate));

    /// <summary>Whether a result is so much smaller than comparable ones that it is 0 but for the rounding of a double.</summary>
    public static bool IsCancelled(ReadOnlySpan<double> expected, double size) => Rms(expected) <= 1e-12 * size;

    /// <summary>‖expected - actual‖ / ‖expected‖; NaN if the two disagree about which elements are finite.</summary>
    public static double RelativeError(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual)
    {
        (double difference, double norm, _) = Norms(expected, actual);
        return difference == 0 ? 0 : difference / norm;
    }

    /// <summary>
    /// The relative error as judged by this tolerance, above <see cref="Relative"/> if it fails. A result that should be
    /// 0 is measured against the permitted size, because the relative error of 1e-10 instead of 0 means nothing.
    /// </summary>
    public double ErrorOf(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual)
    {
        (double difference, double norm, _) = Norms(expected, actual);
        return difference == 0 ? 0 : difference / Math.Max(norm, Relative > 0 ? Absolute / Relative * Math.Sqrt(expected.Length) : 0);
    }

    /// <summary>Null if the results agree, else a report: number of differences, the first positions, both values.</summary>
    public string? Explain(string what, ReadOnlySpan<double> expected, ReadOnlySpan<double> actual)
    {
        if (expected.Length != actual.Length)
            return $"{what}: {actual.Length} elements, expected {expected.Length}.";
        (double difference, double norm, int wrong) = Norms(expected, actual);
        if (wrong == 0 || difference <= Relative * norm || difference <= Absolute * Math.Sqrt(expected.Length))
            return null;
        return Report(what, expected, actual, ErrorOf(expected, actual), wrong);
    }

    private static (double Difference, double Norm, int Wrong) Norms(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual)
    {
        double difference = 0, norm = 0;
        int wrong = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double e = expected[i], a = actual[i];
            if (e == a || (double.IsNaN(e) && double.IsNaN(a)))
            {
                norm += double.IsFinite(e) ? e * e : 0;
                continue;
            }
            wrong++;
            difference += (e - a) * (e - a); // not finite if either is not: then no comparison below holds
            norm += e * e;
        }
        return (Math.Sqrt(difference), Math.Sqrt(norm), wrong);
    }

    private string Report(string what, ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double relative, int wrong)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{what}: relative error {relative:E2} exceeds {Relative:E1} ({Name}); {wrong} of {expected.Length} elements differ");
        int shown = 0;
        // The positions shown are those that contribute most to the norm.
        double limit = (Relative * Rms(expected)) + Absolute;
        for (int i = 0; i < expected.Length && shown < 5; i++)
        {
            double gap = Math.Abs(expected[i] - actual[i]);
            if (gap <= limit)
                continue;
            text.Append(CultureInfo.InvariantCulture, $"\n  [{i}] expected {expected[i]:G9}, found {actual[i]:G9}, difference {gap:E2}");
            shown++;
        }
        return text.ToString();
    }

    /// <summary>Root mean square of the finite values.</summary>
    public static double Rms(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double v in values)
            sum += double.IsFinite(v) ? v * v : 0;
        return Math.Sqrt(sum / Math.Max(1, values.Length));
    }
}
