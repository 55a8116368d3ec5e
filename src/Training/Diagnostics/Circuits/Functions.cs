using System.Globalization;
using GpuGrad.Kernels.Ops.Activations;

namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>A smooth function of one input.</summary>
internal sealed class SmoothGate(string name, Func<double, double> value, Func<double, double, double> slope, string rule) : GateFunction(name, 1, 1)
{
    /// <summary>Domain of the function, with a description; null if it is defined everywhere.</summary>
    public (Func<double, bool> Holds, string Expected)? Domain { get; init; }

    public override double Value(ReadOnlySpan<double> x) => value(x[0]);

    public override void Slopes(ReadOnlySpan<double> x, double y, Span<double> slopes) => slopes[0] = slope(x[0], y);

    public override string Rule(ReadOnlySpan<double> x, int input) => rule;

    public override string? Problem(ReadOnlySpan<double> x, ReadOnlySpan<bool> moves) =>
        Domain is { } domain && !domain.Holds(x[0])
            ? string.Create(CultureInfo.InvariantCulture, $"{Name} of {x[0]:G6} is not a real number; expected {domain.Expected}")
            : null;
}

/// <summary>|a|.</summary>
internal sealed class AbsGate() : GateFunction("abs", 1, 1)
{
    public override double Value(ReadOnlySpan<double> x) => Math.Abs(x[0]);

    public override void Slopes(ReadOnlySpan<double> x, double y, Span<double> slopes) => slopes[0] = Math.Sign(x[0]);

    public override string Rule(ReadOnlySpan<double> x, int input) => "abs: times the sign of its input";

    public override long Piece(ReadOnlySpan<double> x) => Math.Sign(x[0]);

    public override string? Kink(ReadOnlySpan<double> x) =>
        x[0] == 0 ? "abs of exactly 0: the slope jumps from -1 to 1; 0 is taken" : null;
}

/// <summary>An activation function, with the value and slope that networks use.</summary>
internal sealed class ActivationGate(Activation function) : GateFunction(function.Name.Replace('-', '_'), 1, 1)
{
    private readonly double[] kinks = [.. Pieces.JumpsOf(function, function.Default)];

    public override double Value(ReadOnlySpan<double> x) => function.Value(x[0], function.Default);

    public override void Slopes(ReadOnlySpan<double> x, double y, Span<double> slopes) => slopes[0] = function.Derivative(x[0], function.Default);

    public override string Rule(ReadOnlySpan<double> x, int input) => Name switch
    {
        "relu" => x[0] > 0 ? "relu lets it through: its input is above 0" : "relu stops it: its input is not above 0",
        "sigmoid" => "an activation scales: times s(1 - s), s its value; at most 1/4",
        "tanh" => "an activation scales: times 1 - t², t its value; at most 1",
        _ => $"an activation scales: times the slope of {Name} there",
    };

    public override long Piece(ReadOnlySpan<double> x)
    {
        long piece = 0;
        foreach (double kink in kinks)
            piece += x[0] > kink ? 2 : x[0] == kink ? 1 : 0;
        return piece;
    }

    public override string? Kink(ReadOnlySpan<double> x) => kinks.Contains(x[0])
        ? string.Create(CultureInfo.InvariantCulture, $"{Name} at exactly {x[0]:G6}: its slope jumps there; {function.Derivative(x[0], function.Default):G6} is taken")
        : null;
}

/// <summary>Lists the functions and operators of expressions.</summary>
public static class GateFunctions
{
    public static GateFunction Add { get; } = new SumGate("+", 2);

    public static GateFunction Subtract { get; } = new SubtractGate();

    public static GateFunction Multiply { get; } = new MultiplyGate();

    public static GateFunction Divide { get; } = new DivideGate();

    public static GateFunction Power { get; } = new PowerGate();

    public static GateFunction Negate { get; } = new NegateGate();

    /// <summary>The functions with a name.</summary>
    public static IReadOnlyList<GateFunction> Named { get; } =
    [
        new SmoothGate("exp", Math.Exp, (_, y) => y, "exp: times its own value"),
        Logarithm("ln"),
        Logarithm("log"),
        new SmoothGate("sqrt", Math.Sqrt, (_, y) => 1 / (2 * y), "sqrt: times 1/(2·value)") { Domain = (x => x >= 0, "0 or more") },
        new SmoothGate("sin", Math.Sin, (x, _) => Math.Cos(x), "sin: times the cosine of its input"),
        new SmoothGate("cos", Math.Cos, (x, _) => -Math.Sin(x), "cos: times minus the sine of its input"),
        new SmoothGate("tan", Math.Tan, (_, y) => 1 + (y * y), "tan: times 1 + value²"),
        new AbsGate(),
        new ExtremeGate(largest: true),
        new ExtremeGate(largest: false),
        new SumGate("sum", int.MaxValue),
        .. Activation.All.Select(a => new ActivationGate(a)),
    ];

    private static SmoothGate Logarithm(string name) =>
        new(name, Math.Log, (x, _) => 1 / x, $"{name}: times 1/input") { Domain = (x => x > 0, "a number above 0") };
}
