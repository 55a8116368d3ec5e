namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>
/// The operation of a gate, with its local gradients. <see cref="GateFunctions"/>
/// lists them.
/// </summary>
public abstract class GateFunction(string name, int fewest, int most)
{
    /// <summary>Name of the gate in an expression: <c>+</c>, <c>max</c>, <c>sigmoid</c>.</summary>
    public string Name { get; } = name;

    /// <summary>Smallest number of inputs.</summary>
    public int Fewest { get; } = fewest;

    /// <summary>Largest number of inputs.</summary>
    public int Most { get; } = most;

    public abstract double Value(ReadOnlySpan<double> x);

    /// <summary>The local gradients ∂y/∂x.</summary>
    /// <param name="x">The inputs.</param>
    /// <param name="y">The value.</param>
    /// <param name="slopes">Receives ∂y/∂x of each input.</param>
    public abstract void Slopes(ReadOnlySpan<double> x, double y, Span<double> slopes);

    /// <summary>Describes how the gradient flows to an input.</summary>
    public abstract string Rule(ReadOnlySpan<double> x, int input);

    /// <summary>Identifies the smooth piece of the inputs by a number; 0 for a smooth function.</summary>
    public virtual long Piece(ReadOnlySpan<double> x) => 0;

    /// <summary>Why the inputs are on the border of two pieces, where the slope is discontinuous; null if they are not.</summary>
    public virtual string? Kink(ReadOnlySpan<double> x) => null;

    /// <summary>Error for inputs outside the domain; null inside it.</summary>
    /// <param name="x">The inputs.</param>
    /// <param name="moves">Whether each depends on a variable.</param>
    public virtual string? Problem(ReadOnlySpan<double> x, ReadOnlySpan<bool> moves) => null;

    public override string ToString() => Name;
}
