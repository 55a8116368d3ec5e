using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using CsvHelper;

namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// Reads a table strictly: every row as long as the first, every number a finite number with a decimal point whatever the
/// machine's language, nothing missing. Quotes as in RFC 4180; UTF-8, or UTF-16 by its byte order mark.
/// </summary>
internal sealed class CsvReading
{
    private const int MostRecord = 1 << 24;
    private const int MostColumns = 1 << 20;
    private const int MostClasses = 100_000;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly string name;
    private readonly CsvReader reader;
    private readonly CsvOptions options;
    private readonly Dictionary<string, int> classes = new(StringComparer.Ordinal);
    private readonly List<(string, TextPlace)> classPlaces = [];
    private readonly List<int> labels = [];
    private readonly List<float> values = [];
    private readonly List<float> targets = [];
    private CsvColumns columns;

    private CsvReading(CsvReader reader, string name, CsvOptions options)
    {
        this.reader = reader;
        this.name = name;
        this.options = options;
        columns = null!;
    }

    /// <exception cref="GpuGradException">One line naming the line and the column.</exception>
    public static CsvTable Read(Stream stream, string name, CsvOptions options)
    {
        using CsvReader reader = CsvReader.Create(stream, new CsvReaderOptions
        {
            Separator = options.Separator,
            HasHeader = false,
            MalformedData = CsvMalformedDataHandling.Throw,
            MaxRecordSize = MostRecord,
            TrackLineNumbers = true,
            DetectSeparatorHint = false,
            IncludeValuesInExceptions = false,
            FormatProvider = CultureInfo.InvariantCulture,
        }, leaveOpen: true);
        try
        {
            return new CsvReading(reader, name, options).ReadAll();
        }
        catch (CsvFormatException e)
        {
            string reason = e.Message.ReplaceLineEndings(" ");
            throw DataFault.At(name, Math.Max(1, e.LineNumber), 1, reason.Split(": ")[^1].TrimEnd('.'), "a table with quotes as in RFC 4180");
        }
        catch (DecoderFallbackException)
        {
            throw DataFault.At(name, Math.Max(1, reader.LineNumber), 1, "bytes that are no text", "UTF-8");
        }
    }

    private CsvTable ReadAll()
    {
        if (!reader.Read())
            throw DataFault.At(name, 1, 1, "no rows", "a table");
        if (reader.FieldCount > MostColumns)
            throw DataFault.At(name, 1, 1, $"{reader.FieldCount} columns", $"at most {MostColumns}");
        bool header = options.Header ?? Enumerable.Range(0, reader.FieldCount).All(i => !TryNumber(reader.GetSpan(i), out _));
        columns = CsvColumns.Of(name, options, header ? Enumerable.Range(0, reader.FieldCount).Select(Text).ToArray() : null, reader.FieldCount);
        int rows = 0;
        for (bool more = !header || reader.Read(); more; more = reader.Read(), rows++)
            ReadRow();
        if (rows == 0)
            throw DataFault.At(name, reader.LineNumber, 1, "no rows below the names", "samples");
        return new CsvTable
        {
            Name = name,
            Rows = rows,
            Features = columns.NamesOf(columns.Features),
            Values = [.. values],
            Labels = columns.Label is null ? null : [.. labels],
            Classes = classPlaces,
            TargetNames = columns.NamesOf(columns.Targets),
            Targets = columns.Targets.Length == 0 ? null : [.. targets],
        };
    }

    private void ReadRow()
    {
        if (reader.FieldCount != columns.Count)
            throw DataFault.At(name, reader.LineNumber, 1, $"{reader.FieldCount} columns", $"{columns.Count}, as in the first row");
        if ((long)values.Count + columns.Features.Length > Array.MaxLength)
            throw DataFault.At(name, reader.LineNumber, 1, "more numbers than fit in memory", $"at most {Array.MaxLength}");
        foreach (int i in columns.Features)
            values.Add(Number(i));
        foreach (int i in columns.Targets)
            targets.Add(Number(i));
        if (columns.Label is int label)
            labels.Add(Class(label));
    }

    private float Number(int column)
    {
        ReadOnlySpan<byte> text = reader.GetSpan(column);
        if (TryNumber(text, out float value))
            return value;
        string found = text.Trim(" \t"u8).IsEmpty ? "nothing" : DataFault.Quote(Encoding.UTF8.GetString(text));
        string hint = text.Contains((byte)',') ? " with a decimal point" : "";
        throw Refuse(column, $"{found} in {columns.NameOf(column)}", $"a finite number{hint}; 'ignore' leaves a column out");
    }

    private int Class(int column)
    {
        string text = Text(column).Trim();
        if (classes.TryGetValue(text, out int known))
            return known;
        if (text.Length == 0 || text.Any(char.IsControl))
            throw Refuse(column, $"{(text.Length == 0 ? "nothing" : DataFault.Quote(text))} in {columns.NameOf(column)}", "the name or number of a class");
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) && TryNumber(Encoding.UTF8.GetBytes(text), out _))
            throw Refuse(column, $"{DataFault.Quote(text)} in {columns.NameOf(column)}", "the name or whole number of a class; a number to predict stands in 'targets'");
        if (classes.Count >= MostClasses)
            throw Refuse(column, $"more than {MostClasses} classes", "fewer; a number to predict stands in 'targets'");
        classes.Add(text, classes.Count);
        classPlaces.Add((text, PlaceOf(column)));
        return classes.Count - 1;
    }

    private string Text(int column) => Strict.GetString(reader.GetSpan(column));

    private static bool TryNumber(ReadOnlySpan<byte> text, out float value)
    {
        bool read = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number);
        value = (float)number;
        return read && float.IsFinite(value);
    }

    private GpuGradException Refuse(int column, string found, string expected)
    {
        TextPlace place = PlaceOf(column);
        return DataFault.At(name, place.Line, place.Column, found, expected);
    }

    private TextPlace PlaceOf(int column)
    {
        // An empty field has no place of its own; it is found from the last one before it that has.
        int known = column;
        while (known > 0 && reader.GetRawSpan(known).IsEmpty)
            known--;
        ReadOnlySpan<byte> record = reader.RawRecord, field = reader.GetRawSpan(known);
        long offset = field.IsEmpty ? 0 : Unsafe.ByteOffset(ref MemoryMarshal.GetReference(record), ref MemoryMarshal.GetReference(field));
        if (known < column)
            offset += field.Length + column - known;
        return new TextPlace(reader.LineNumber, (int)Math.Clamp(offset, 0, record.Length) + 1);
    }
}

/// <summary>Which column is what.</summary>
internal sealed record CsvColumns(string[]? Names, int Count, int[] Features, int[] Targets, int? Label)
{
    public static CsvColumns Of(string file, CsvOptions options, string[]? names, int count)
    {
        int[] targets = [.. options.Targets.Select(Find)];
        int? label = targets.Length > 0 ? null : options.Label is string wanted ? Find(wanted) : Default();
        int[] ignored = [.. options.Ignore.Select(Find)];
        int[] taken = [.. targets, .. ignored, .. label is int l ? [l] : Array.Empty<int>()];
        if (taken.Distinct().Count() != taken.Length)
            throw DataFault.At(file, 1, 1, "a column with two roles", "each column once in 'label', 'targets' and 'ignore'");
        int[] features = [.. Enumerable.Range(0, count).Except(taken)];
        if (features.Length == 0)
            throw DataFault.At(file, 1, 1, $"{count} columns, none of them a feature", "at least one besides the label; is the separator another?");
        return new CsvColumns(names, count, features, targets, label);

        int Default() => names is null || Array.IndexOf(names, "label") is var at && at < 0 ? count - 1 : at;

        int Find(string wanted)
        {
            int[] found = [.. Enumerable.Range(0, count).Where(i => names is not null && names[i].Trim() == wanted)];
            if (found.Length > 1)
                throw DataFault.At(file, 1, 1, $"{found.Length} columns called {DataFault.Quote(wanted)}", "one; give its number, the first is 0");
            if (found.Length == 1)
                return found[0];
            if (int.TryParse(wanted, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= -count && number < count)
                return number < 0 ? number + count : number;
            string known = names is null ? $"a number from 0 to {count - 1}, as the columns have no names" : "one of " + string.Join(", ", names.Take(20).Select(DataFault.Quote));
            throw DataFault.At(file, 1, 1, $"no column {DataFault.Quote(wanted)}", known);
        }
    }

    public string NameOf(int column) => Names is null
        ? string.Create(CultureInfo.InvariantCulture, $"column {column}")
        : $"column {DataFault.Quote(Names[column].Trim())}";

    public IReadOnlyList<string> NamesOf(int[] columns) =>
        [.. columns.Select(c => Names?[c].Trim() ?? string.Create(CultureInfo.InvariantCulture, $"column {c}"))];
}
