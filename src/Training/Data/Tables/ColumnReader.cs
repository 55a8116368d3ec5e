using System.Text;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Turns the cells of a feature column into numbers, and infers the column's type if it is not known.</summary>
/// <param name="name">For messages: <c>column 'age'</c>.</param>
/// <param name="plan">The known type and encoding; null to infer them.</param>
/// <param name="options">How the table is formatted.</param>
internal sealed class ColumnReader(string name, ColumnFit? plan, CsvOptions options)
{
    // A column with more distinct texts is not a category, so they need not be kept.
    private const int MostTexts = 100_000;

    private readonly DateCells dates = new(plan?.Format, options.Culture);
    private readonly Dictionary<string, int> codes = new(StringComparer.Ordinal);
    private readonly List<string> texts = [];
    private readonly List<int> counts = [];
    private ColumnType? type = plan?.Type;
    private readonly bool isSettled = plan is not null;
    private bool isMeasure, isNoNumber;

    public string Name => name;

    /// <summary>The inferred type; a number if there is no value at all.</summary>
    public ColumnType Type => type ?? ColumnType.Number;

    /// <summary>Whether its cells must be read again, as texts.</summary>
    public bool MustStartAgain => isNoNumber || (type == ColumnType.Number && Code is not null);

    /// <summary>A value written like a code (such as 007) in a column of integers; null for none.</summary>
    public string? Code { get => isMeasure ? null : field; private set; }

    public int Missing { get; private set; }

    public int Present { get; private set; }

    /// <summary>A missing value and its place; null for none.</summary>
    public (string Text, TextPlace Place)? FirstMissing { get; private set; }

    /// <summary>The first value that is neither number nor date.</summary>
    public (string Text, TextPlace Place)? FirstText { get; private set; }

    public IReadOnlyList<string> Texts => texts;

    /// <summary>Number of occurrences of each text.</summary>
    public IReadOnlyList<int> Counts => counts;

    public bool HasTooManyTexts { get; private set; }

    /// <summary>Additional advice for the error about a value that is not a number.</summary>
    public string Hint { get; set; } = "";

    public RawColumn ToRaw(string column, ColumnType type) => new(column, type, type == ColumnType.Category ? [.. texts] : null, Missing);

    /// <summary>Prepares for another pass over the same table.</summary>
    public void StartAgain()
    {
        if (MustStartAgain)
            (type, isNoNumber) = (ColumnType.Category, false);
        (Missing, Present, FirstMissing) = (0, 0, null);
        codes.Clear();
        texts.Clear();
        counts.Clear();
    }

    /// <summary>The number of a cell; NaN if it is missing.</summary>
    /// <exception cref="GpuGradException">The cell holds something else; the message has its place.</exception>
    public double Read(ITableRows rows, int column)
    {
        if (isNoNumber)
            return double.NaN;
        ReadOnlySpan<byte> bytes = rows.Cell(column);
        if (type is null or ColumnType.Number && CsvHeader.TryNumber(bytes, options.Numbers, out double number) && !options.IsMissing(number))
            return Number(number, bytes);
        string raw = CsvReading.Strict.GetString(bytes), text = CellTexts.Clean(raw);
        if (options.IsMissing(text))
        {
            Missing++;
            FirstMissing ??= (text, rows.PlaceOf(column));
            return plan?.Missing == MissingStrategy.Refuse ? throw Wrong(rows, column, text, "a value; 'missing' of the column sets what replaces it") : double.NaN;
        }
        // A number in quotes.
        if (type is null or ColumnType.Number && text != raw && CsvHeader.TryNumber(Encoding.UTF8.GetBytes(text), options.Numbers, out number))
            return Number(number, Encoding.UTF8.GetBytes(text));
        Present++;
        return Value(rows, column, raw, text);
    }

    private double Number(double number, ReadOnlySpan<byte> text)
    {
        type = ColumnType.Number;
        if (!isSettled)
        {
            isMeasure |= number < 0 || number != Math.Floor(number);
            if (!isMeasure && ClassTexts.IsCode(text.Trim(" \t"u8)))
                Code ??= Encoding.UTF8.GetString(text).Trim();
        }
        Present++;
        return number;
    }

    private double Value(ITableRows rows, int column, string raw, string text)
    {
        if (type is null or ColumnType.Date && dates.TryRead(text, out double seconds))
        {
            type = ColumnType.Date;
            return seconds;
        }
        if (!isSettled && type is null or ColumnType.Number && CellTexts.LooksNumeric(raw.Trim()))
            throw Wrong(rows, column, raw, Numbers(raw));
        if (!isSettled && type != ColumnType.Category)
            FirstText ??= (text, rows.PlaceOf(column));
        type ??= ColumnType.Category;
        if (type == ColumnType.Category)
            return PlaceOf(rows, column, text);
        if (type == ColumnType.Boolean)
            return CellTexts.Boolean(text) is bool yes ? yes ? 1 : 0 : throw Wrong(rows, column, raw, "true or false, yes or no, 1 or 0");
        if (isSettled)
            throw Wrong(rows, column, raw, type == ColumnType.Number ? Numbers(raw) : plan!.Format is string format ? $"a date written as {format}" : "a date such as 2024-12-31 or 2024-12-31 23:59; 'format' of the column says how dates are written");
        isNoNumber = true;
        return double.NaN;
    }

    private string Numbers(string text) =>
        $"a finite number{(text.Contains(',', StringComparison.Ordinal) ? " with a decimal point" : "")}; {(CellTexts.IsInfinite(text) ? "'missing-values' makes it a missing one, " : "")}'ignore' leaves a column out{Hint}";

    private double PlaceOf(ITableRows rows, int column, string text)
    {
        if (codes.TryGetValue(text, out int known))
        {
            counts[known]++;
            return known;
        }
        if (text.Any(char.IsControl) && isSettled)
            throw Wrong(rows, column, text, "the name of a category");
        if (codes.Count >= MostTexts && isSettled)
            throw Wrong(rows, column, text, $"at most {MostTexts} different categories; 'ignore' leaves a column out");
        if (codes.Count >= MostTexts)
        {
            HasTooManyTexts = true;
            return double.NaN;
        }
        if (!isSettled && ClassTexts.IsCode(text))
            Code ??= text;
        codes.Add(text, texts.Count);
        texts.Add(text);
        counts.Add(1);
        return texts.Count - 1;
    }

    private GpuGradException Wrong(ITableRows rows, int column, string text, string expected)
    {
        TextPlace place = rows.PlaceOf(column);
        return DataFault.At(rows.Name, place.Line, place.Column, $"{(text.Trim().Length == 0 ? "nothing" : DataFault.Quote(text))} in {name}", expected);
    }
}
