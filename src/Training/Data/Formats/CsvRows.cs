using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using CsvHelper;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Reads rows of delimited text: quotes as in RFC 4180; UTF-8, or UTF-16 with a byte order mark.</summary>
internal sealed class CsvRows(Stream stream, string name, CsvOptions options) : ITableRows
{
    private const int MostRecord = 1 << 24;

    private readonly CsvReader reader = CsvReader.Create(stream, new CsvReaderOptions
    {
        Separator = options.Separator,
        CommentPrefix = options.Comment,
        HasHeader = false,
        MalformedData = CsvMalformedDataHandling.Throw,
        MaxRecordSize = MostRecord,
        TrackLineNumbers = true,
        DetectSeparatorHint = options.Separator is null,
        IncludeValuesInExceptions = false,
        FormatProvider = CultureInfo.InvariantCulture,
    }, leaveOpen: true);

    public string Name => name;

    public int Count => reader.FieldCount;

    public long Line => reader.LineNumber;

    public IReadOnlyList<string>? Names => null;

    public bool Read()
    {
        try
        {
            return reader.Read();
        }
        catch (CsvFormatException e)
        {
            string reason = e.Message.ReplaceLineEndings(" ");
            throw DataFault.At(name, Math.Max(1, e.LineNumber), 1, reason.Split(": ")[^1].TrimEnd('.'), "a table with quotes as in RFC 4180");
        }
        catch (DecoderFallbackException)
        {
            throw DataFault.NoText(name, reader.LineNumber);
        }
    }

    public ReadOnlySpan<byte> Cell(int column) => reader.GetSpan(column);

    public TextPlace PlaceOf(int column)
    {
        // An empty field has no position of its own; it follows from the last non-empty one before it.
        int known = column;
        while (known > 0 && reader.GetRawSpan(known).IsEmpty)
            known--;
        ReadOnlySpan<byte> record = reader.RawRecord, field = reader.GetRawSpan(known);
        long offset = field.IsEmpty ? 0 : Unsafe.ByteOffset(ref MemoryMarshal.GetReference(record), ref MemoryMarshal.GetReference(field));
        if (known < column)
            offset += field.Length + column - known;
        return new TextPlace(reader.LineNumber, (int)Math.Clamp(offset, 0, record.Length) + 1);
    }

    public void Dispose() => reader.Dispose();
}
