namespace GpuGrad.Training.Data.Tables;

/// <summary>Encoding of a part of a date.</summary>
internal enum Wave
{
    /// <summary>The number itself.</summary>
    None,
    Sine,
    Cosine,
}

/// <summary>An input derived from a date.</summary>
/// <param name="Part">The part of the date.</param>
/// <param name="Wave">Its encoding.</param>
internal readonly record struct DateNumber(DatePart Part, Wave Wave)
{
    /// <summary>E.g. <c>month</c>, <c>month sin</c>.</summary>
    public string Name => Config.Naming.Kebab(Part.ToString()) + Wave switch
    {
        Wave.Sine => " sin",
        Wave.Cosine => " cos",
        _ => "",
    };

    /// <summary>Period of a part; null if it is not periodic.</summary>
    public static double? Period(DatePart part) => part switch
    {
        DatePart.Month => 12,
        DatePart.Day => 31,
        DatePart.Weekday => 7,
        DatePart.DayOfYear => 366,
        DatePart.Hour => 24,
        DatePart.Minute => 60,
        _ => null,
    };

    /// <param name="seconds">The date in seconds since 1970.</param>
    /// <param name="latest">The date from which ages count.</param>
    public double Of(double seconds, double latest)
    {
        double value = DateCells.Part(Part, seconds, latest);
        double angle = 2 * Math.PI * value / (Period(Part) ?? 1);
        return Wave switch
        {
            Wave.Sine => Math.Sin(angle),
            Wave.Cosine => Math.Cos(angle),
            _ => value,
        };
    }
}
