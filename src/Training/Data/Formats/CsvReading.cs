using System.Globalization;
using System.Text;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// Reads a table strictly: every row as long as the first, every value of its column's type. Types are inferred while
/// reading; if it turns out late that a column is not numeric, the table is read again.
/// </summary>
internal sealed class CsvReading
{
    private const int MostColumns = 1 << 20;
    private const int MostClasses = 100_000;

    /// <summary>UTF-8 that throws on invalid bytes.</summary>
    internal static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly ITableRows rows;
    private readonly CsvOptions options;
    private readonly Dictionary<string, int> classes = new(StringComparer.Ordinal);
    private readonly List<(string, TextPlace)> classPlaces = [];
    private readonly List<int> labels = [];
    private readonly List<IReadOnlyList<string>> tags = [];
    private readonly TargetCells answers = new();
    private readonly List<long> lines = [];
    private readonly NumberList values = new();
    private readonly List<float> targets = [];
    private readonly string[] first;
    private readonly bool header;
    private readonly CsvColumns columns;
    private int unanswered;

    private CsvReading(ITableRows rows, CsvOptions options)
    {
        this.rows = rows;
        this.options = options;
        if (!rows.Read())
            throw DataFault.At(rows.Name, 1, 1, "no rows", "a table");
        if (rows.Count > MostColumns)
            throw DataFault.At(rows.Name, 1, 1, $"{rows.Count} columns", $"at most {MostColumns}");
        first = rows.Names is { } names ? [.. names] : [.. Enumerable.Range(0, rows.Count).Select(Text)];
        header = rows.Names is not null || CsvHeader.Holds(first, options);
        columns = options.Layout is { } layout
            ? CsvColumns.Follow(rows.Name, layout, header ? first : null, first.Length, options.Answers)
            : CsvColumns.Learn(rows.Name, options, header ? first : null, first.Length);
    }

    /// <exception cref="GpuGradException">One line naming the line and the column.</exception>
    public static CsvTable Read(Stream stream, string name, CsvOptions options)
    {
        ColumnReader[]? readers = null;
        while (true)
        {
            using ITableRows rows = TableRows.Open(stream, name, options);
            CsvReading reading;
            try
            {
                reading = new CsvReading(rows, options);
                readers ??= reading.Readers();
                reading.ReadAll(readers);
            }
            catch (DecoderFallbackException)
            {
                throw DataFault.NoText(name, rows.Line);
            }
            if (Array.Exists(readers, r => r.MustStartAgain))
            {
                Array.ForEach(readers, r => r.StartAgain());
            }
            else if (reading.header && reading.IsSample(readers))
            {
                options = options with { Header = false };
                readers = null;
            }
            else
            {
                return reading.Finish(readers);
            }
        }
    }

    private bool IsSample(ColumnReader[] readers) =>
        CsvHeader.IsSample(first, options, [.. columns.Features.Zip(readers, (at, r) => (at, r.Type == ColumnType.Category ? r.Texts : null))]);

    private string MayBeNames => columns.Names is null && options.Header is null ? "; 'header: true' makes the first row names" : "";

    private ColumnReader[] Readers() => [.. columns.Features.Zip(columns.Plans, (at, plan) => new ColumnReader(columns.NameOf(at), plan, options))];

    private void ReadAll(ColumnReader[] readers)
    {
        Array.ForEach(readers, r => r.Hint = MayBeNames);
        for (bool more = !header || rows.Names is not null || rows.Read(); more; more = rows.Read())
        {
            ReadRow(readers);
            if (lines.Count == 1)
                Array.ForEach(readers, r => r.Hint = "");
        }
        if (lines.Count == 0)
            throw DataFault.At(rows.Name, rows.Line, 1, unanswered > 0 ? "no row that has a value to predict" : "no rows below the names", "samples");
    }

    private CsvTable Finish(ColumnReader[] readers)
    {
        (float[]? floats, double[]? doubles) = values.ToArrays();
        var table = new CsvTable
        {
            Name = rows.Name,
            Layout = columns.Layout,
            Lines = lines,
            Values = floats,
            Doubles = doubles,
            Labels = columns.Label is null || options.LabelDelim is not null ? null : [.. labels],
            Classes = classPlaces,
            Targets = columns.Targets.Length == 0 ? null : [.. targets],
        };
        if (columns.Note is string extra)
            table = table with { Notes = [.. table.Notes, $"{rows.Name}: {extra}"] };
        table = WithTags(table);
        table = options.Layout is null ? TypeInference.Settle(table, columns, readers, options) : table with { Columns = [.. readers.Zip(columns.Layout.Features, (r, n) => r.ToRaw(n, r.Type))] };
        if (unanswered > 0)
            table = table with { Notes = [.. table.Notes, FormattableString.Invariant($"{rows.Name}: {unanswered:N0} rows without a value to predict are left out")] };
        return header ? table : table with { Notes = [.. table.Notes, .. CsvHeader.CheckSample(table, first, options) is string note ? [note] : Array.Empty<string>()] };
    }

    private void ReadRow(ColumnReader[] readers)
    {
        if (rows.Count != columns.Count)
            throw DataFault.At(rows.Name, rows.Line, 1, $"{rows.Count} columns", $"{columns.Count}, as in the first row");
        if (options.DropsUnanswered && IsUnanswered())
        {
            unanswered++;
            return;
        }
        lines.Add(rows.Line);
        if ((long)values.Count + columns.Features.Length > Array.MaxLength)
            throw DataFault.At(rows.Name, rows.Line, 1, "more numbers than fit in memory", $"at most {Array.MaxLength}");
        for (int i = 0; i < readers.Length; i++)
            values.Add(readers[i].Read(rows, columns.Features[i]));
        foreach (int i in columns.Targets)
            targets.Add((float)Number(i));
        if (columns.Label is not int label)
            return;
        if (options.LabelDelim is null)
            labels.Add(Class(label));
        else
            tags.Add(Tags(label, options.LabelDelim));
    }

    // An empty cell means no labels, which is allowed.
    private IReadOnlyList<string> Tags(int column, string delimiter)
    {
        string text = Text(column);
        if (options.IsMissing(CellTexts.Clean(text)) && text.Trim().Length > 0)
            throw Refuse(column, $"{DataFault.Quote(text)}, missing labels, in {columns.NameOf(column)}", "labels, or nothing for a row that has none; 'missing-target: drop' leaves such rows out");
        IReadOnlyList<string> found = TagTexts.Split(text, delimiter);
        if (found.FirstOrDefault(t => t.Any(char.IsControl)) is string wrong)
            throw Refuse(column, $"{DataFault.Quote(wrong)} with a control character ({DataFault.Code(wrong.First(char.IsControl))}) in {columns.NameOf(column)}", "names of labels without one");
        foreach (string tag in found)
        {
            if (classes.TryAdd(tag, classes.Count) && options.Layout?.Tags is null && classes.Count > TagTexts.MostTags)
                throw Refuse(column, $"more than {TagTexts.MostTags} different labels", "fewer; is 'label-delim' another?");
        }
        return found;
    }

    private CsvTable WithTags(CsvTable table)
    {
        if (columns.Label is null || options.LabelDelim is null)
            return table;
        IReadOnlyList<string> names = options.Layout?.Tags ?? TagTexts.Sorted(classes.Keys);
        if (names.Count == 0)
            throw DataFault.In(rows.Name, $"no label in {columns.NameOf(columns.Label.Value)} of any row", "some to learn");
        if ((long)names.Count * tags.Count > Array.MaxLength)
            throw DataFault.In(rows.Name, $"{names.Count} labels for {tags.Count} rows", $"at most {Array.MaxLength} numbers in all");
        return table with
        {
            Layout = table.Layout with { Tags = names },
            Targets = TagTexts.ToTargets(tags, names),
            Notes = [.. table.Notes, .. TagTexts.Unknown(rows.Name, tags, names) is string unknown ? [unknown] : Array.Empty<string>()],
        };
    }

    private bool IsUnanswered() =>
        (columns.Label is int label && CellTexts.Clean(Text(label)) is var answer && options.IsMissing(answer) && (answer.Length > 0 || options.LabelDelim is null)) || Array.Exists(columns.Targets, t => options.IsMissing(CellTexts.Clean(Text(t))));

    private double Number(int column)
    {
        ReadOnlySpan<byte> text = rows.Cell(column);
        if (CsvHeader.TryNumber(text, options.Numbers, out double value))
            return answers.Number(column, value) ? value : throw Refuse(column, $"{DataFault.Quote(Encoding.UTF8.GetString(text))} in {columns.NameOf(column)}, whose other values are true or false", "one of them");
        if (answers.TruthValue(column, CellTexts.Clean(Encoding.UTF8.GetString(text))) is double truth)
            return truth;
        string found = text.Trim(" \t"u8).IsEmpty ? "nothing" : DataFault.Quote(Encoding.UTF8.GetString(text));
        string hint = text.Contains((byte)',') ? " with a decimal point" : "";
        throw Refuse(column, $"{found} in {columns.NameOf(column)}", $"a finite number{hint}; 'ignore' leaves a column out{(lines.Count == 1 ? MayBeNames : "")}");
    }

    private int Class(int column)
    {
        string text = CellTexts.Clean(Text(column));
        if (classes.TryGetValue(text, out int known))
            return known;
        if (text.Length == 0)
            throw Refuse(column, $"nothing in {columns.NameOf(column)}", "the name or number of a class");
        if (text.Any(char.IsControl))
            throw Refuse(column, $"{DataFault.Quote(text)} with a control character ({DataFault.Code(text.First(char.IsControl))}) in {columns.NameOf(column)}", "the name or number of a class without one");
        if (options.IsMissing(text))
            throw Refuse(column, $"{DataFault.Quote(text)}, a missing class, in {columns.NameOf(column)}", "the name or number of a class; leave the row out");
        if (!ClassTexts.TryWhole(text, out _) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            throw Refuse(column, $"{DataFault.Quote(text)} in {columns.NameOf(column)}", "the name or whole number of a class; columns of numbers to predict belong in 'targets'");
        if (classes.Count >= MostClasses)
            throw Refuse(column, $"more than {MostClasses} classes", "fewer; columns of numbers to predict belong in 'targets'");
        classes.Add(text, classes.Count);
        classPlaces.Add((text, rows.PlaceOf(column)));
        return classes.Count - 1;
    }

    private string Text(int column) => Strict.GetString(rows.Cell(column));

    private GpuGradException Refuse(int column, string found, string expected)
    {
        TextPlace place = rows.PlaceOf(column);
        return DataFault.At(rows.Name, place.Line, place.Column, found, expected);
    }
}
