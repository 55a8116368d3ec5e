using System.Globalization;
using System.Text;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Statistics of a column's values, collected one by one in bounded memory.</summary>
/// <param name="options">How the table is formatted.</param>
/// <param name="most">Number of distinct values that are counted.</param>
internal sealed class ColumnSurvey(CsvOptions options, int most)
{
    private const double MostOf = 0.9;
    private const int MostFrequent = 20, MostExamples = 5, LeastRows = 20, MostSlips = 4, MostGaps = 20;

    private readonly DateCells dates = new(null, options.Culture);
    private readonly Dictionary<string, int> counts = new(StringComparer.Ordinal);
    private readonly List<string> examples = [];
    private double sum, squares, pivot, minimum = double.PositiveInfinity, maximum = double.NegativeInfinity;
    private readonly HashSet<string> slips = new(StringComparer.Ordinal), gaps = new(StringComparer.Ordinal);
    private int numbers, dated, present, fractions, oddNumbers, infinite;
    private readonly DayMonthDates dayMonths = new();
    private bool hasMore, isNegative;
    private string? code;

    public int Missing { get; private set; }

    /// <summary>The distinct texts; null for a column of numbers or dates.</summary>
    public IReadOnlyCollection<string>? Texts => Type is ColumnType.Number or ColumnType.Date or null ? null : counts.Keys;

    /// <summary>The index of each distinct value; null if there are too many.</summary>
    public Dictionary<string, int>? Codes(int atMost) => hasMore || counts.Count > atMost || counts.Count < 2 ? null : counts.Keys.Select((k, i) => (k, i)).ToDictionary(v => v.k, v => v.i, StringComparer.Ordinal);

    public ColumnType? Type => present == 0 ? null
        : numbers > 0 && numbers + infinite == present && Code is null ? ColumnType.Number
        : dated == present ? ColumnType.Date
        : hasMore ? ColumnType.Text
        : CellTexts.AreBoolean(counts.Keys) ? ColumnType.Boolean
        : numbers > 0 && Code is null && !TypeInference.IsMixedCategory(numbers, counts.Count, present) ? ColumnType.Number
        : TypeInference.AreCategories(counts.Count, present) ? ColumnType.Category : ColumnType.Text;

    // Digits with a leading 0 are codes, unless there are fractions or negative numbers among them.
    private string? Code => fractions == 0 && !isNegative ? code : null;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        string text = CellTexts.Clean(Encoding.UTF8.GetString(bytes));
        bool isNumber = CsvHeader.TryNumber(Encoding.UTF8.GetBytes(text), options.Numbers, out double number);
        if (isNumber ? options.IsMissing(number) : options.IsMissing(text))
        {
            Missing++;
            if (gaps.Count < MostGaps && text.Length > 0)
                gaps.Add(text);
            return;
        }
        present++;
        if (!isNumber && slips.Count <= MostSlips)
            slips.Add(text);
        dayMonths.Add(text);
        Count(text);
        if (isNumber)
        {
            numbers++;
            fractions += number == Math.Floor(number) ? 0 : 1;
            isNegative |= number < 0;
            if (code is null && ClassTexts.IsCode(text))
                code = text;
            Measure(number);
        }
        else if (dated == present - 1 && dates.TryRead(text, out double seconds))
        {
            dated++;
            Measure(seconds);
        }
        else if (CellTexts.IsInfinite(text))
        {
            infinite++;
        }
        else
        {
            oddNumbers += CellTexts.LooksNumeric(text) ? 1 : 0;
        }
    }

    public ColumnProfile Profile(string name)
    {
        bool measured = Type == ColumnType.Date || (Type == ColumnType.Number && numbers > 0);
        double n = Type == ColumnType.Date ? dated : numbers, mean = pivot + (sum / n);
        var suspicions = new List<string>();
        bool ignored = Suspect(name, suspicions);
        return new ColumnProfile(name, Type)
        {
            Missing = Missing,
            Distinct = counts.Count,
            DistinctIsLeast = hasMore,
            Minimum = measured ? minimum : null,
            Maximum = measured ? maximum : null,
            Mean = measured ? mean : null,
            Deviation = measured ? Math.Sqrt(Math.Max(0, (squares / n) - (sum / n * (sum / n)))) : null,
            Code = Type is ColumnType.Category or ColumnType.Text ? Code : null,
            HasAmbiguousDates = Type == ColumnType.Date && dayMonths.AreAmbiguous,
            Lists = hasMore || Type is not (ColumnType.Category or ColumnType.Text) ? null : CellLists.Of(counts),
            IsWhole = numbers == present && fractions == 0,
            Unread = Type == ColumnType.Number ? present - numbers : 0,
            Slips = Type == ColumnType.Number && slips.Count <= MostSlips && oddNumbers == 0 ? [.. slips] : [],
            Gaps = gaps,
            MayBeNumbers = oddNumbers > 0 && numbers + oddNumbers > MostOf * present,
            Frequent = [.. counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Take(MostFrequent)],
            Examples = examples,
            Suspicions = suspicions,
            IsBetterIgnored = ignored,
        };
    }

    private bool Suspect(string name, List<string> suspicions)
    {
        int rows = present + Missing;
        if (present == 0)
        {
            suspicions.Add("no value in any row");
            return true;
        }
        if (Type == ColumnType.Number && numbers < present)
            suspicions.Add(string.Create(CultureInfo.InvariantCulture, $"{present - numbers:N0} of {present:N0} values are not numbers{(oddNumbers > 0 ? " as they are written" : "")}"));
        else if (Type is ColumnType.Category or ColumnType.Text && dayMonths.Advice is string advice)
            suspicions.Add(advice);
        else if (Type is ColumnType.Category or ColumnType.Text && oddNumbers > 0)
            suspicions.Add("may be numbers in another notation; set 'culture'");
        if (Missing > rows / 2)
            suspicions.Add(string.Create(CultureInfo.InvariantCulture, $"missing in {100.0 * Missing / rows:F0} % of the rows"));
        if (counts.Count == 1 && rows > 1)
        {
            suspicions.Add(Missing == 0 ? "the same in every row" : "the same in every row with a value");
            return Missing == 0;
        }
        if (Type is ColumnType.Category or ColumnType.Text && Code is not null)
            suspicions.Add($"leading zeros, as in {DataFault.Quote(Code)}: codes rather than numbers");
        bool identifies = rows >= LeastRows && Missing == 0 && !hasMore && counts.Count == rows;
        if (Type == ColumnType.Text)
            suspicions.Add((identifies, Code) switch
            {
                (true, null) => "a different text in every row: a name or free text",
                (false, null) => "hardly any text occurs twice: names or free text",
                (true, _) => "a different code in every row: an identifier",
                _ => "hardly any code occurs twice: 'category' in 'columns' uses it anyway",
            });
        else if (Type == ColumnType.Number && fractions == 0 && rows >= LeastRows && (identifies || hasMore || counts.Count > rows * 0.9) && (IsCalledId(name) || maximum - minimum == rows - 1))
            suspicions.Add("numbered rows: an identifier");
        else
            return false;
        return true;
    }

    private static bool IsCalledId(string name)
    {
        string lower = name.ToLowerInvariant();
        return lower is "id" or "index" or "no" or "nr" or "row" or "key" or "" || lower.EndsWith("id", StringComparison.Ordinal) || lower.StartsWith("id_", StringComparison.Ordinal) || lower.StartsWith("unnamed", StringComparison.Ordinal);
    }

    private void Count(string text)
    {
        if (counts.TryGetValue(text, out int known))
            counts[text] = known + 1;
        else if (counts.Count >= most)
            hasMore = true;
        else
            counts.Add(text, 1);
        if (examples.Count < MostExamples && counts.Count > examples.Count && !examples.Contains(text))
            examples.Add(text);
    }

    // Relative to the first value, because sums of large numbers lose digits.
    private void Measure(double value)
    {
        if (numbers + dated == 1)
            pivot = value;
        sum += value - pivot;
        squares += (value - pivot) * (value - pivot);
        minimum = Math.Min(minimum, value);
        maximum = Math.Max(maximum, value);
    }
}
