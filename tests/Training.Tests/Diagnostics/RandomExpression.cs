using System.Globalization;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Random;

namespace GpuGrad.Training.Tests.Diagnostics;

/// <summary>A random expression, as text and as a function that knows nothing of circuits.</summary>
internal sealed class RandomExpression
{
    private static readonly string[] Names = ["x", "y", "z", "w0", "u_1"];

    private readonly RandomStream random;

    private RandomExpression(uint index)
    {
        random = new RandomStream(1, Purpose.Explore, index);
        (Text, Value) = Next(1 + random.NextInt(5));
        Point = [.. Names.Select(_ => Math.Round(random.NextUniform(-2, 2), 3))];
    }

    public string Text { get; }

    /// <summary>The value at a point, a number for each of x, y, z, w0, u_1.</summary>
    public Func<double[], double> Value { get; }

    public double[] Point { get; }

    public static RandomExpression Of(int index) => new((uint)index);

    public static int IndexOf(string name) => Array.IndexOf(Names, name);

    /// <summary>The point as <c>--at</c> takes it, of these variables only.</summary>
    public string PointText(IEnumerable<string> variables) =>
        string.Join(", ", variables.Select(v => string.Create(CultureInfo.InvariantCulture, $"{v}={Point[IndexOf(v)]}")));

    private (string Text, Func<double[], double> Value) Next(int depth)
    {
        if (depth == 0 || random.NextInt(8) == 0)
            return Leaf();
        (string a, Func<double[], double> f) = Next(depth - 1);
        int kind = random.NextInt(22);
        if (kind < 8)
            return Function(kind, a, f);
        if (kind < 10)
        {
            Activation activation = Activation.All[random.NextInt(Activation.All.Count)];
            return ($"{activation.Name.Replace('-', '_')}({a})", p => activation.Value(f(p), activation.Default));
        }
        (string b, Func<double[], double> g) = Next(depth - 1);
        return kind switch
        {
            10 or 11 => ($"({a} + {b})", p => f(p) + g(p)),
            12 or 13 => ($"({a} - {b})", p => f(p) - g(p)),
            14 or 15 or 16 => ($"{a}*{b}", p => f(p) * g(p)),
            17 => ($"({a})/(1.5 + ({b})^2)", p => f(p) / (1.5 + (g(p) * g(p)))),
            18 => ($"max({a}, {b})", p => Math.Max(f(p), g(p))),
            19 => ($"min({a}, {b}, 1)", p => Math.Min(Math.Min(f(p), g(p)), 1)),
            20 => ($"sum({a}, {b}, {a})", p => f(p) + g(p) + f(p)),
            _ => ($"(0.5 + abs({a}))^sin({b})", p => Math.Pow(0.5 + Math.Abs(f(p)), Math.Sin(g(p)))),
        };
    }

    private static (string, Func<double[], double>) Function(int kind, string a, Func<double[], double> f) => kind switch
    {
        0 => ($"exp(sin({a}))", p => Math.Exp(Math.Sin(f(p)))),
        1 => ($"ln(1 + abs({a}))", p => Math.Log(1 + Math.Abs(f(p)))),
        2 => ($"sqrt(0.1 + ({a})^2)", p => Math.Sqrt(0.1 + (f(p) * f(p)))),
        3 => ($"cos({a})", p => Math.Cos(f(p))),
        4 => ($"tan(tanh({a}))", p => Math.Tan(Math.Tanh(f(p)))),
        5 => ($"(-({a}))", p => -f(p)),
        6 => ($"({a})^3", p => f(p) * f(p) * f(p)),
        _ => ($"sigmoid({a})", p => 1 / (1 + Math.Exp(-f(p)))),
    };

    private (string, Func<double[], double>) Leaf()
    {
        if (random.NextInt(4) == 0)
        {
            double number = Math.Round(random.NextUniform(0, 3), 2);
            return (number.ToString(CultureInfo.InvariantCulture), _ => number);
        }
        int index = random.NextInt(Names.Length);
        return (Names[index], p => p[index]);
    }
}
