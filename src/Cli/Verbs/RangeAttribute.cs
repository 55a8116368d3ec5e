using GpuGrad.Cli.Terminal;

namespace GpuGrad.Cli.Verbs;

/// <summary>The numbers that an option takes, checked before the verb begins. An option without takes every number from 0 on.</summary>
/// <param name="lowest">The smallest.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class RangeAttribute(double lowest) : Attribute
{
    /// <summary>Whether the smallest itself is refused.</summary>
    public bool Above { get; init; }

    public double Highest { get; init; } = double.PositiveInfinity;

    /// <summary>False for NaN.</summary>
    public bool Takes(double value) => (Above ? value > lowest : value >= lowest) && value <= Highest;

    /// <summary>Such as "a whole number from 3 to 101".</summary>
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
