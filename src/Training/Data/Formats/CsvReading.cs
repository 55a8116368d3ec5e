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
    private readonly List<long> lines = [];
    private readonly NumberList values = new();
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
        string[] first = [.. Enumerable.Range(0, reader.FieldCount).Select(Text)];
        bool header = CsvHeader.Holds(first, options);
        columns = options.Layout is { } layout
            ? CsvColumns.Follow(name, layout, header ? first : null, first.Length, options.Answers)
            : CsvColumns.Learn(name, options, header ? first : null, first.Length);
        for (bool more = !header || reader.Read(); more; more = reader.Read())
            ReadRow();
        if (lines.Count == 0)
            throw DataFault.At(name, reader.LineNumber, 1, "no rows below the names", "samples");
        (float[]? floats, double[]? doubles) = values.ToArrays();
        var table = new CsvTable
        {
            Name = name,
            Layout = columns.Layout,
            Lines = lines,
            Values = floats,
            Doubles = doubles,
            Labels = columns.Label is null ? null : [.. labels],
            Classes = classPlaces,
            Targets = columns.Targets.Length == 0 ? null : [.. targets],
        };
        return header ? table : table with { Note = CsvHeader.CheckSample(table, first, options) };
    }

    private void ReadRow()
    {
        if (reader.FieldCount != columns.Count)
            throw DataFault.At(name, reader.LineNumber, 1, $"{reader.FieldCount} columns", $"{columns.Count}, as in the first row");
        lines.Add(reader.LineNumber);
        if ((long)values.Count + columns.Features.Length > Array.MaxLength)
            throw DataFault.At(name, reader.LineNumber, 1, "more numbers than fit in memory", $"at most {Array.MaxLength}");
        foreach (int i in columns.Features)
            values.Add(Number(i));
        foreach (int i in columns.Targets)
            targets.Add((float)Number(i));
        if (columns.Label is int label)
            labels.Add(Class(label));
    }

    private double Number(int column)
    {
        ReadOnlySpan<byte> text = reader.GetSpan(column);
        if (CsvHeader.TryNumber(text, out double value))
            return value;
        string found = text.Trim(" \t"u8).IsEmpty ? "nothing" : DataFault.Quote(Encoding.UTF8.GetString(text));
        string hint = text.Contains((byte)',') ? " with a decimal point" : "";
        string header = lines.Count == 1 && columns.Names is null && options.Header is null ? "; 'header: true' makes the first row names" : "";
        throw Refuse(column, $"{found} in {columns.NameOf(column)}", $"a finite number{hint}; 'ignore' leaves a column out{header}");
    }

    private int Class(int column)
    {
        string text = Text(column).Trim();
        if (classes.TryGetValue(text, out int known))
            return known;
        if (text.Length == 0 || text.Any(char.IsControl))
            throw Refuse(column, $"{(text.Length == 0 ? "nothing" : DataFault.Quote(text))} in {columns.NameOf(column)}", "the name or number of a class");
        if (ClassTexts.IsMissing(text))
            throw Refuse(column, $"{DataFault.Quote(text)}, a missing class, in {columns.NameOf(column)}", "the name or number of a class; leave the row out");
        if (!ClassTexts.TryWhole(text, out _) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            throw Refuse(column, $"{DataFault.Quote(text)} in {columns.NameOf(column)}", "the name or whole number of a class; a number to predict stands in 'targets'");
        if (classes.Count >= MostClasses)
            throw Refuse(column, $"more than {MostClasses} classes", "fewer; a number to predict stands in 'targets'");
        classes.Add(text, classes.Count);
        classPlaces.Add((text, PlaceOf(column)));
        return classes.Count - 1;
    }

    private string Text(int column) => Strict.GetString(reader.GetSpan(column));

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
