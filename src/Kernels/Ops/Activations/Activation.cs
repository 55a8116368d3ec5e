using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Elementwise;

namespace GpuGrad.Kernels.Ops.Activations;

/// <summary>
/// An activation function, written once for all devices. To add one: a struct in a file of its own, and its line in
/// <see cref="Activation.All"/>.
/// </summary>
public interface IActivation
{
    /// <summary>False when the derivative follows from y alone, so that x need not be kept and producers can fuse.</summary>
    static abstract bool NeedsInput { get; }

    /// <summary>Arithmetic operations of <see cref="Forward"/>, an exponential counted as ten.</summary>
    static abstract int Flops { get; }

    /// <summary>y = f(x). The parameter is the slope, the alpha or the beta of functions that have one.</summary>
    static abstract R Forward<R>(R x, R parameter) where R : struct, IReal<R>;

    /// <summary>dx = f'(x)·dy. Where <see cref="NeedsInput"/> is false, <paramref name="x"/> is not to be read.</summary>
    static abstract R Backward<R>(R x, R y, R dy, R parameter) where R : struct, IReal<R>;
}

/// <summary>An activation function by name.</summary>
public abstract class Activation
{
    /// <summary>Every activation function that a network can name.</summary>
    public static IReadOnlyList<Activation> All { get; } =
    [
        new Activation<Relu>("relu") { Kinks = [0] },
        new Activation<Relu6>("relu6") { Kinks = [0, 6] },
        new Activation<LeakyRelu>("leaky-relu") { Parameter = "slope", Default = 0.01, Kinks = [0] },
        new Activation<Elu>("elu") { Parameter = "alpha", Default = 1, Kinks = [0] },
        new Activation<Selu>("selu") { Kinks = [0] },
        new Activation<Gelu>("gelu"),
        new Activation<GeluTanh>("gelu-tanh"),
        new Activation<Silu>("silu"),
        new Activation<Mish>("mish"),
        new Activation<Softplus>("softplus") { Parameter = "beta", Default = 1 },
        new Activation<Sigmoid>("sigmoid"),
        new Activation<TanhActivation>("tanh"),
        new Activation<HardSigmoid>("hard-sigmoid") { Kinks = [-3, 3] },
        new Activation<HardSwish>("hard-swish") { Kinks = [-3, 3] },
        new Activation<HardTanh>("hard-tanh") { Kinks = [-1, 1] },
    ];

    private protected Activation(string name) => Name = name;

    public string Name { get; }

    /// <summary>The name of the parameter in a config; null when the function has none.</summary>
    public string? Parameter { get; init; }

    /// <summary>The parameter's value when none is given.</summary>
    public double Default { get; init; }

    /// <summary>Inputs at which the derivative jumps.</summary>
    public IReadOnlyList<double> Kinks { get; init; } = [];

    public static Activation Find(string name) =>
        All.FirstOrDefault(a => a.Name == name) ?? throw new ArgumentException($"No activation is called '{name}'; there are {string.Join(", ", All.Select(a => a.Name))}.");

    /// <summary>The op y = f(x).</summary>
    public abstract MapOp Forward(double parameter);

    /// <summary>f(x).</summary>
    public abstract double Value(double x, double parameter);

    /// <summary>f'(x).</summary>
    public abstract double Derivative(double x, double parameter);

    public override string ToString() => Name;
}

/// <summary>The ops of an activation function.</summary>
public sealed class Activation<A>(string name) : Activation(name) where A : struct, IActivation
{
    public override MapOp Forward(double parameter) => new ForwardOp(this, parameter);

    public override double Value(double x, double parameter) => A.Forward<F64>(new(x), new(parameter)).Value;

    public override double Derivative(double x, double parameter)
    {
        F64 y = A.Forward<F64>(new(x), new(parameter));
        return A.Backward(new F64(x), y, new F64(1), new F64(parameter)).Value;
    }

    private sealed record ForwardOp(Activation<A> Function, double Parameter) : MapOp<ForwardMap>(Parameter)
    {
        public override string Name => Function.Name;

        public override void Differentiate(Backprop b)
        {
            var backward = new BackwardOp(Function, Parameter);
            b.Give(0, A.NeedsInput
                ? b.Graph.Add(backward, b.Gradient(), b.Input(0))
                : b.Graph.Add(backward, b.Gradient(), b.Output(0)));
        }
    }

    private sealed record BackwardOp(Activation<A> Function, double Parameter) : MapOp<BackwardMap>(Parameter)
    {
        public override string Name => Function.Name + "'";

        public override bool IsBackward => true;
    }

    internal readonly struct ForwardMap : IMap
    {
        public static int Inputs => 1;

        public static int Flops => A.Flops;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => A.Forward(a, constant);
    }

    internal readonly struct BackwardMap : IMap
    {
        public static int Inputs => 2;

        public static int Flops => A.Flops + 2;

        // The second input is x where the derivative needs it (y is then cheaper to compute again than to load), else y.
        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> =>
            A.NeedsInput ? A.Backward(b, A.Forward(b, constant), a, constant) : A.Backward(b, b, a, constant);
    }
}
