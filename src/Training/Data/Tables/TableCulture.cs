namespace GpuGrad.Training.Data.Tables;

/// <summary>Notation of numbers and dates in a language. Our own table: the program includes none of the system's, and gives the same result on every machine.</summary>
/// <param name="Point">Decimal separator.</param>
/// <param name="Groups">Possible thousands separators.</param>
/// <param name="Dates">Date formats in .NET's notation.</param>
internal sealed record TableCulture(char Point, string Groups, IReadOnlyList<string> Dates)
{
    private const string Spaces = " \u00A0\u202F\u2009", Apostrophes = "'’";

    private static readonly string[] DayFirst = ["d/M/yyyy", "d-M-yyyy", "d.M.yyyy", "d/M/yy", "d-M-yy", "d.M.yy"];
    private static readonly string[] MonthFirst = ["M/d/yyyy", "M-d-yyyy", "M/d/yy", "M-d-yy"];
    private static readonly string[] YearFirst = ["yyyy/M/d", "yyyy.M.d", "yyyy. M. d."];

    private static readonly Dictionary<string, TableCulture> Known = new(StringComparer.OrdinalIgnoreCase);

    static TableCulture()
    {
        Add(new('.', ",", MonthFirst), "en", "en-US");
        Add(new('.', ",", DayFirst), "en-GB", "en-AU", "en-NZ", "en-IE", "en-IN", "es-MX", "hi", "th", "he");
        Add(new('.', ",", YearFirst), "en-CA", "zh", "ja", "ko");
        Add(new(',', ".", DayFirst), "de", "es", "it", "nl", "pt", "da", "id", "tr", "el", "hr", "sl", "sr", "ro", "vi", "is");
        Add(new(',', "." + Spaces, DayFirst), "de-AT");
        Add(new(',', Spaces, DayFirst), "fr", "pl", "cs", "sk", "ru", "uk", "bg", "fi", "nb", "no", "lv", "et", "pt-PT", "en-ZA");
        Add(new(',', Spaces, YearFirst), "sv", "hu", "lt");
        Add(new('.', Apostrophes, DayFirst), "de-CH", "fr-CH", "it-CH", "de-LI");
    }

    /// <summary>Finds a culture by name: <c>de</c>, <c>fr-CH</c>; an unknown region is like its language. Null for an unknown language.</summary>
    public static TableCulture? Of(string name)
    {
        string tag = name.Replace('_', '-');
        return Known.GetValueOrDefault(tag) ?? Known.GetValueOrDefault(tag.Split('-')[0]);
    }

    private static void Add(TableCulture culture, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            Known.Add(name, culture);
    }
}
