using System.Globalization;
using System.Text.RegularExpressions;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Detects dates such as 03/04/2024, in which day and month cannot be told apart unless some row has a number above 12.</summary>
internal sealed partial class DayMonthDates
{
    private bool isOther, isDayFirst, isMonthFirst;
    private string? example;

    /// <summary>Whether all texts were such dates, and none shows the order.</summary>
    public bool AreAmbiguous => !isOther && example is not null && !isDayFirst && !isMonthFirst;

    /// <summary>Advice on how to read the dates; null if some texts are not such dates.</summary>
    public string? Advice => isOther || example is null ? null : (isDayFirst, isMonthFirst) switch
    {
        (true, true) => null,
        (true, false) => $"dates with the day first, such as {DataFault.Quote(example)}: 'culture: en-GB' reads them",
        (false, true) => $"dates with the month first, such as {DataFault.Quote(example)}: 'culture: en' reads them",
        _ => $"dates that can be read in two ways, such as {DataFault.Quote(example)}: 'culture: en-GB' has the day first, 'culture: en' the month",
    };

    public static string? AdviceFor(IEnumerable<string> texts)
    {
        var dates = new DayMonthDates();
        foreach (string text in texts)
            dates.Add(text);
        return dates.Advice;
    }

    public void Add(string text)
    {
        if (isOther)
            return;
        Match match = text.Length is >= 6 and <= 40 ? Form().Match(text) : Match.Empty;
        if (!match.Success)
        {
            isOther = true;
            return;
        }
        int first = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture), second = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
        isOther = first is 0 or > 31 || second is 0 or > 31;
        isDayFirst |= first > 12;
        isMonthFirst |= second > 12;
        // 5/5 is the same in both orders.
        if (example is null || (first != second && isDayFirst != isMonthFirst && first <= 12 && second <= 12))
            example = text;
    }

    [GeneratedRegex(@"\A(\d{1,2})[/-](\d{1,2})[/-](?:\d{4}|\d{2})(?:[ T].*)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
