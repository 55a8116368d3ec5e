using System.Globalization;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Reads dates in the cells of a column: ISO 8601 and unambiguous formats; others by a format or a culture.</summary>
/// <param name="format">Format in .NET's notation; null for all unambiguous ones.</param>
/// <param name="culture">Culture whose date formats are meant; null for none.</param>
internal sealed class DateCells(string? format, TableCulture? culture)
{
    private const int Longest = 40, Shortest = 6;
    private const DateTimeStyles Styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;

    private static readonly string[] Days = ["yyyy-M-d", "yyyy/M/d", "d.M.yyyy", "yyyy-MM", "d-MMM-yyyy", "d MMM yyyy", "MMM d, yyyy"];
    private static readonly string[] Times = [" H:mm:ss", "'T'H:mm:ss", " H:mm", "'T'H:mm", " H:mm:ss.FFFFFFF", "'T'H:mm:ss.FFFFFFF"];
    private static readonly string[] Zones = ["", "zzz", " zzz", "'Z'", " 'UTC'"];
    private static readonly string[] Formats = WithTimes(Days);

    private readonly string[] formats = culture is null ? Formats : [.. WithTimes(culture.Dates), .. Formats];

    // A column usually has one format: the last match is tried first.
    private string last = format ?? Formats[0];

    /// <summary>Seconds since 1970, if the text is a date.</summary>
    public bool TryRead(string text, out double seconds)
    {
        bool read = TryRead(text, out DateTime date);
        seconds = read ? (date - DateTime.UnixEpoch).TotalSeconds : 0;
        return read;
    }

    /// <summary>A number derived from a date.</summary>
    /// <param name="part">The part of the date.</param>
    /// <param name="seconds">The date in seconds since 1970.</param>
    /// <param name="latest">The date from which ages count.</param>
    public static double Part(DatePart part, double seconds, double latest)
    {
        if (part == DatePart.Age)
            return (latest - seconds) / 86400;
        DateTime date = DateTime.UnixEpoch.AddSeconds(seconds);
        return part switch
        {
            DatePart.Year => date.Year,
            DatePart.Month => date.Month,
            DatePart.Day => date.Day,
            DatePart.Weekday => ((int)date.DayOfWeek + 6) % 7,
            DatePart.DayOfYear => date.DayOfYear,
            DatePart.Hour => date.Hour,
            _ => date.Minute,
        };
    }

    private bool TryRead(string text, out DateTime date)
    {
        if (DateTime.TryParseExact(text, last, CultureInfo.InvariantCulture, Styles, out date))
            return true;
        // Most texts are not dates, and trying all formats is slow.
        if (format is not null || text.Length is < Shortest or > Longest || !text.Any(char.IsAsciiDigit) || text.AsSpan().IndexOfAny("-/. ") <= 0)
            return false;
        foreach (string form in formats)
        {
            if (!DateTime.TryParseExact(text, form, CultureInfo.InvariantCulture, Styles, out date))
                continue;
            last = form;
            return true;
        }
        return false;
    }

    private static string[] WithTimes(IReadOnlyList<string> days) => [.. days, .. days.SelectMany(d => Times.SelectMany(t => Zones.Select(z => d + t + z)))];
}
