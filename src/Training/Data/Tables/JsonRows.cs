using System.Buffers;
using System.Text;
using System.Text.Json;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>
/// Reads JSON Lines: one object per line, whose keys are columns; a nested object has columns <c>outer.inner</c>. A key that a line lacks is a missing
/// value, as null is.
/// </summary>
internal sealed class JsonRows : ITableRows
{
    private const int MostColumns = 1 << 16;

    private readonly Dictionary<string, int> columns = new(StringComparer.Ordinal);
    private readonly List<string> names = [];
    private readonly ArrayBufferWriter<byte> text = new(), json = new();
    private readonly string name;
    private readonly LineInput lines;
    private readonly StringBuilder path = new();
    private readonly (int Begin, int Length, int Place, int JsonBegin, int JsonLength)[] cells = [];

    /// <exception cref="GpuGradException">A line is not an object.</exception>
    public JsonRows(Stream stream, string name)
    {
        this.name = name;
        // The columns are known only after the last line.
        lines = new LineInput(stream, name);
        while (ReadLine(learn: true))
        {
            // collects the keys
        }
        stream.Position = 0;
        lines = new LineInput(stream, name);
        cells = new (int, int, int, int, int)[names.Count];
    }

    public string Name => name;

    public int Count => names.Count;

    public long Line => lines.Number;

    public IReadOnlyList<string>? Names => names;

    /// <summary>Whether a text starts with an object.</summary>
    public static bool Is(ReadOnlySpan<byte> head)
    {
        if (head is [0xEF, 0xBB, 0xBF, ..])
            head = head[3..];
        return head.TrimStart(" \t\r\n"u8) is [(byte)'{', ..];
    }

    public bool Read() => ReadLine(learn: false);

    public ReadOnlySpan<byte> Cell(int column) => text.WrittenSpan.Slice(cells[column].Begin, cells[column].Length);

    public TextPlace PlaceOf(int column) => new(Line, cells[column].Place + 1);

    /// <summary>The value as written in the line.</summary>
    public string Json(int column) =>
        cells[column].JsonLength == 0 ? "null" : Encoding.UTF8.GetString(json.WrittenSpan.Slice(cells[column].JsonBegin, cells[column].JsonLength));

    public void Dispose()
    {
        // The owner disposes of the stream.
    }

    private bool ReadLine(bool learn)
    {
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            if (line.Trim(" \t"u8).IsEmpty)
                continue;
            text.ResetWrittenCount();
            json.ResetWrittenCount();
            Array.Clear(cells);
            path.Clear();
            try
            {
                var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = 64 });
                if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                    throw DataFault.At(name, Line, 1, "a line that is not an object", "JSON Lines, one object {\"column\": value, …} per line");
                ReadObject(ref reader, line, learn, []);
                if (reader.Read())
                    throw DataFault.At(name, Line, (int)reader.TokenStartIndex + 1, "text after the object", "one object per line");
                return true;
            }
            catch (JsonException e)
            {
                throw DataFault.At(name, Line, (int)Math.Min(int.MaxValue - 1, e.BytePositionInLine ?? 0) + 1, "a line that is not JSON", "JSON Lines, one object {\"column\": value, …} per line");
            }
            catch (InvalidOperationException)
            {
                throw DataFault.At(name, Line, 1, "bytes that are not text", "UTF-8");
            }
        }
        return false;
    }

    // The JSON reader limits the depth.
    private void ReadObject(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> line, bool learn, HashSet<string> seen)
    {
        int length = path.Length;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            path.Length = length;
            path.Append(reader.GetString());
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                path.Append('.');
                ReadObject(ref reader, line, learn, seen);
                continue;
            }
            string key = path.ToString();
            if (!seen.Add(key))
                throw DataFault.At(name, Line, (int)reader.TokenStartIndex + 1, $"the key {DataFault.Quote(key)} twice", "each once");
            if (learn)
                Learn(key, (int)reader.TokenStartIndex);
            int place = (int)reader.TokenStartIndex, begin = text.WrittenCount;
            ReadValue(ref reader);
            if (learn)
                continue;
            ReadOnlySpan<byte> value = line[place..(int)reader.BytesConsumed];
            cells[columns[key]] = (begin, text.WrittenCount - begin, place, json.WrittenCount, value.Length);
            json.Write(value);
        }
        path.Length = length;
    }

    private void Learn(string key, int place)
    {
        if (!columns.TryAdd(key, names.Count))
            return;
        if (names.Count >= MostColumns)
            throw DataFault.At(name, Line, place + 1, $"more than {MostColumns} different keys", "fewer");
        names.Add(key);
    }

    private void ReadValue(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return;
            case JsonTokenType.String:
                Span<byte> target = text.GetSpan(Math.Max(1, reader.ValueSpan.Length));
                text.Advance(reader.CopyString(target));
                return;
            case JsonTokenType.StartArray:
                Append("["u8);
                for (bool first = true; reader.Read() && reader.TokenType != JsonTokenType.EndArray; first = false)
                {
                    if (!first)
                        Append(","u8);
                    if (reader.TokenType == JsonTokenType.StartObject)
                        reader.Skip();
                    else
                        ReadValue(ref reader);
                }
                Append("]"u8);
                return;
            default:
                Append(reader.ValueSpan);
                return;
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(text.GetSpan(Math.Max(1, bytes.Length)));
        text.Advance(bytes.Length);
    }
}
