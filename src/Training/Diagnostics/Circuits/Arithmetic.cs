using System.Globalization;

namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>a + b, or a sum of any number of inputs: the gradient passes to every input unchanged.</summary>
internal sealed class SumGate(string name, int most) : GateFunction(name, name == "+" ? 2 : 1, most)
{
    public override double Value(ReadOnlySpan<double> x)
    {
        double sum = 0;
        foreach (double v in x)
            sum += v;
        return sum;
    }

    public override void Slopes(ReadOnlySpan<double> x, double y, Span<double> slopes) => slopes.Fill(1);

    public override string Rule(ReadOnlySpan<double> x, int input) => "add distributes: on to every input, unchanged";
}

/// <summary>a - b.</summary>
internal sealed class SubtractGate() : GateFunction("-", 2, 2)
{
    public override double Value(ReadOnlySpan<double> x) => x[0] - x[1];

    public override void Slopes(ReadOnlySpan<double> x, double y, Span<double> slopes) => (slopes[0], slopes[1]) = (1, -1);

    public override string Rule(ReadOnlySpan<double> x, int input) =>
        input == 0 ? "subtract distributes: unchanged" : "subtract distributes: with the sign turned";
}

/// <summary>-a.</summary>
internal sealed class NegateGate() : GateFunction("-", 1, 1)
{
    public override double Value(ReadOnlySpan<double> x) => -x[0];

    public override void Slopes(ReadOnlySpan<double> x, double y, Span<double> slopes) => slopes[0] = -1;

    public override string Rule(ReadOnlySpan<double> x, int input) => "minus turns the sign";
}

/// <summary>a · b: each input gets the gradient times the other input.</summary>
internal sealed class MultiplyGate() : GateFunction("*", 2, 2)
{
    public override double Value(ReadOnlySpan<double> x) => x[0] * x[1];

    public override void Slopes(ReadOnlySpan<double> x, double y, Span<double> slopes) => (slopes[0], slopes[1]) = (x[1], x[0]);

    public override string Rule(ReadOnlySpan<double> x, int input) => "multiply switches: times the other input";
}

/// <summary>a / b.</summary>
internal sealed class DivideGate() : GateFunction("/", 2, 2)
{
    public override double Value(ReadOnlySpan<double> x) => x[0] / x[1];

    public override void Slopes(ReadOnlySpan<double> x, double y, Span<double> slopes) => (slopes[0], slopes[1]) = (1 / x[1], -y / x[1]);

    public override string Rule(ReadOnlySpan<double> x, int input) =>
        input == 0 ? "divide: times 1/b, b what is divided by" : "divide: times -a/b², a what is divided";

    public override string? Problem(ReadOnlySpan<double> x, ReadOnlySpan<bool> moves) => x[1] == 0 ? "division by 0" : null;
}

/// <summary>a ^ b.</summary>
internal sealed class PowerGate() : GateFunction("^", 2, 2)
{
    public override double Value(ReadOnlySpan<double> x) => Math.Pow(x[0], x[1]);

    public override void Slopes(ReadOnlySpan<double> x, double y, Span<double> slopes)
    {
        slopes[0] = x[1] == 0 ? 0 : x[1] * Math.Pow(x[0], x[1] - 1);
        // If the base is not positive the exponent is a constant (see Problem), so this slope is not used.
        slopes[1] = x[0] > 0 ? Math.Log(x[0]) * y : 0;
    }

    public override string Rule(ReadOnlySpan<double> x, int input) =>
        input == 0 ? "power: times b·aᵇ⁻¹, a the base, b the exponent" : "power: times ln(base) and the value itself";

    public override string? Problem(ReadOnlySpan<double> x, ReadOnlySpan<bool> moves)
    {
        if (x[0] <= 0 && moves[1])
            return Text($"the base is {x[0]:G6} under an exponent that varies; expected a base above 0");
        if (x[0] < 0 && x[1] != Math.Floor(x[1]))
            return Text($"{x[0]:G6} to the power {x[1]:G6} is not a real number; expected a base of 0 or more, or a whole exponent");
        return x[0] == 0 && x[1] < 0 ? Text($"0 to the power {x[1]:G6} divides by 0") : null;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The largest (or smallest) of its inputs. Tied inputs share the gradient equally.</summary>
internal sealed class ExtremeGate(bool largest) : GateFunction(largest ? "max" : "min", 1, int.MaxValue)
{
    public override double Value(ReadOnlySpan<double> x)
    {
        double best = x[0];
        foreach (double v in x)
            best = largest ? Math.Max(best, v) : Math.Min(best, v);
        return best;
    }

    public override void Slopes(ReadOnlySpan<double> x, double y, Span<double> slopes)
    {
        int ties = x.Count(y);
        for (int i = 0; i < x.Length; i++)
            slopes[i] = x[i] == y ? 1.0 / ties : 0;
    }

    public override string Rule(ReadOnlySpan<double> x, int input)
    {
        double best = Value(x);
        int ties = x.Count(best);
        string which = largest ? "largest" : "smallest";
        if (x[input] != best)
            return $"{Name} routes: nothing to an input that is not the {which}";
        return ties == 1
            ? $"{Name} routes: all of it to the {which} input"
            : string.Create(CultureInfo.InvariantCulture, $"{Name} routes: {ties} inputs are the {which} and share it");
    }

    // A hash of which inputs hold the extreme value: two patterns do not collide by chance.
    public override long Piece(ReadOnlySpan<double> x)
    {
        double best = Value(x);
        ulong hash = 14695981039346656037;
        for (int i = 0; i < x.Length; i++)
        {
            if (x[i] == best)
                hash = (hash ^ (ulong)(i + 1)) * 1099511628211;
        }
        return (long)hash;
    }

    public override string? Kink(ReadOnlySpan<double> x)
    {
        int ties = x.Count(Value(x));
        return ties == 1 ? null : string.Create(CultureInfo.InvariantCulture, $"{ties} inputs of {Name} are equal: which one counts changes here, so the slope jumps; they share the gradient equally");
    }
}
