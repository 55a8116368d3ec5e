using GpuGrad.Cli.Terminal;

namespace GpuGrad.Cli.Verbs;

/// <summary>Range of a numeric option, checked before the verb runs. An option without it accepts any number from 0 up.</summary>
/// <param name="lowest">The smallest allowed value.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class RangeAttribute(double lowest) : Attribute
{
    /// <summary>Whether the smallest value itself is excluded.</summary>
    public bool Above { get; init; }

    public double Highest { get; init; } = double.PositiveInfinity;

    /// <summary>Whether the range includes a value; false for NaN.</summary>
    public bool Takes(double value) => (Above ? value > lowest : value >= lowest) && value <= Highest;

    /// <summary>Description of the range, such as "a whole number from 3 to 101".</summary>
    public string Expected(bool whole)
    {
        string kind = whole ? "a whole number" : "a number";
        return (Above, double.IsFinite(Highest)) switch
        {
            (true, false) => Format.Invariant($"{kind} above {lowest}"),
            (true, true) => Format.Invariant($"{kind} above {lowest} and at most {Highest}"),
            (false, true) => Format.Invariant($"{kind} from {lowest} to {Highest}"),
            _ when whole && lowest > 0 => Format.Invariant($"{kind} above {lowest - 1}"),
            _ => Format.Invariant($"{kind} of {lowest} or more"),
        };
    }
}
