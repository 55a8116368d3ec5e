using System.Globalization;
using System.Text;
using System.Text.Json;
using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Training.Data.Formats;
using Parquet;
using Parquet.Schema;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Reads Apache Parquet, one row group at a time, each value as the text that it would have in a delimited file.</summary>
internal sealed class ParquetRows : ITableRows
{
    private static readonly ParquetOptions Options = new() { TreatByteArrayAsString = true };

    private readonly string name;
    private readonly ParquetReader reader;
    private readonly DataField[] fields;
    private readonly string?[]?[] columns;
    private readonly byte[]?[] cells;
    private int group = -1, row, rows;

    /// <exception cref="GpuGradException">It is not Parquet, damaged, or has columns of lists or maps.</exception>
    public ParquetRows(Stream stream, string name)
    {
        this.name = name;
        ParquetCheck.Run(stream, name);
        stream.Position = 0;
        reader = Guard(() => ParquetReader.CreateAsync(stream, Options, leaveStreamOpen: true).GetAwaiter().GetResult());
        fields = Guard(() => reader.Schema.GetDataFields());
        columns = new string?[fields.Length][];
        cells = new byte[fields.Length][];
        Names = [.. fields.Select(f => f.Path.ToString().Replace('/', '.'))];
        if (fields.Length == 0)
            throw DataFault.In(name, "no columns", "a table");
        if (fields.FirstOrDefault(f => f.MaxRepetitionLevel > 0) is { } list)
            throw DataFault.In(name, $"the column {DataFault.Quote(list.Path.ToString())} of lists", "a value in each row");
    }

    public string Name => name;

    public int Count => fields.Length;

    public long Line { get; private set; }

    public IReadOnlyList<string>? Names { get; }

    public static bool Is(Stream stream)
    {
        Span<byte> magic = stackalloc byte[4];
        int count = stream.ReadAtLeast(magic, 4, throwOnEndOfStream: false);
        stream.Position = 0;
        return count == 4 && magic.SequenceEqual("PAR1"u8);
    }

    public bool Read()
    {
        while (++row >= rows)
        {
            if (++group >= Guard(() => reader.RowGroupCount))
                return false;
            Guard(ReadGroup);
            row = -1;
        }
        Line++;
        for (int i = 0; i < fields.Length; i++)
            cells[i] = columns[i]![row] is string text ? Encoding.UTF8.GetBytes(text) : [];
        return true;
    }

    public ReadOnlySpan<byte> Cell(int column) => cells[column];

    public TextPlace PlaceOf(int column) => new(Line, column + 1);

    public string? Json(int column) => columns[column]![row] switch
    {
        null => "null",
        string text when fields[column].ClrType == typeof(bool) => text,
        string text when IsText(fields[column].ClrType) => JsonSerializer.Serialize(text),
        _ => null,
    };

    public void Dispose() => reader.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private bool ReadGroup()
    {
        using ParquetRowGroupReader part = reader.OpenRowGroupReader(group);
        rows = checked((int)part.RowCount);
        HostMemory.Require("the table's rows", (long)rows * fields.Length * 16);
        for (int i = 0; i < fields.Length; i++)
            columns[i] = Texts(part, fields[i]);
        return true;
    }

    private string?[] Texts(ParquetRowGroupReader part, DataField field)
    {
        Type type = field.ClrType;
        if (IsText(type))
        {
            var texts = new string?[rows];
            part.ReadAsync(field, texts.AsMemory()!).AsTask().GetAwaiter().GetResult();
            return texts;
        }
        return type switch
        {
            _ when type == typeof(bool) => Of<bool>(part, field, v => v ? "true" : "false"),
            _ when type == typeof(DateTime) => Of<DateTime>(part, field, v => v.ToString("yyyy-MM-dd HH:mm:ss.fffffff", CultureInfo.InvariantCulture)),
            _ when type == typeof(DateOnly) => Of<DateOnly>(part, field, v => v.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
            _ when type == typeof(TimeSpan) => Of<TimeSpan>(part, field, v => v.TotalSeconds.ToString("R", CultureInfo.InvariantCulture)),
            _ when type == typeof(TimeOnly) => Of<TimeOnly>(part, field, v => v.ToTimeSpan().TotalSeconds.ToString("R", CultureInfo.InvariantCulture)),
            _ when type == typeof(Guid) => Of<Guid>(part, field, v => v.ToString()),
            _ when type == typeof(double) => Of<double>(part, field, v => v.ToString("R", CultureInfo.InvariantCulture)),
            // The exact value of the float, not its shortest text as a double.
            _ when type == typeof(float) => Of<float>(part, field, v => ((double)v).ToString("R", CultureInfo.InvariantCulture)),
            _ when type == typeof(decimal) => Of<decimal>(part, field, Number),
            _ when type == typeof(sbyte) => Of<sbyte>(part, field, Number),
            _ when type == typeof(byte) => Of<byte>(part, field, Number),
            _ when type == typeof(short) => Of<short>(part, field, Number),
            _ when type == typeof(ushort) => Of<ushort>(part, field, Number),
            _ when type == typeof(int) => Of<int>(part, field, Number),
            _ when type == typeof(uint) => Of<uint>(part, field, Number),
            _ when type == typeof(long) => Of<long>(part, field, Number),
            _ when type == typeof(ulong) => Of<ulong>(part, field, Number),
            _ => throw DataFault.In(name, $"the column {DataFault.Quote(field.Name)} of type {type.Name}", "numbers, texts, truth values or dates"),
        };
    }

    private static bool IsText(Type type) => type == typeof(string) || type == typeof(ReadOnlyMemory<char>);

    private static string Number<T>(T value) where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

    private string?[] Of<T>(ParquetRowGroupReader part, DataField field, Func<T, string> text) where T : struct
    {
        if (!field.IsNullable)
        {
            var plain = new T[rows];
            part.ReadAsync(field, plain.AsMemory()).AsTask().GetAwaiter().GetResult();
            return Array.ConvertAll(plain, v => (string?)text(v));
        }
        var values = new T?[rows];
        part.ReadAsync<T>(field, values.AsMemory()).AsTask().GetAwaiter().GetResult();
        return Array.ConvertAll(values, v => v is T value ? text(value) : null);
    }

    // The library reports a broken file in many ways.
    private T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not GpuGradException and not OutOfMemoryException)
        {
            throw DataFault.In(name, $"a Parquet file that cannot be read ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')})", "a whole one", e);
        }
    }
}
