using Parquet;
using Parquet.Schema;

namespace GpuGrad.Training.Tests.Data.Tables;

/// <summary>Small Parquet files.</summary>
internal static class ParquetSample
{
    public static readonly string[] Names = ["n", "d", "b", "t", "c", "y"];

    /// <summary>Rows in groups of <paramref name="group"/>: a long, a double with gaps, a truth value, a time, a category with gaps, a class.</summary>
    public static byte[] Table(int rows, CompressionMethod compression = CompressionMethod.Snappy, int group = int.MaxValue)
    {
        DataField[] fields = [new DataField<long>("n"), new DataField<double?>("d"), new DataField<bool>("b"), new DataField<DateTime>("t"), new DataField<string>("c"), new DataField<string>("y")];
        using var stream = new MemoryStream();
        Write(stream, fields, rows, group, compression).GetAwaiter().GetResult();
        return stream.ToArray();
    }

    /// <summary>The same table as delimited text.</summary>
    public static string Text(int rows) => string.Join(',', Names) + "\n" + string.Concat(Enumerable.Range(0, rows).Select(i =>
        FormattableString.Invariant($"{N(i)},{D(i)},{(i % 2 == 0 ? "true" : "false")},{T(i):yyyy-MM-dd HH:mm:ss},{C(i)},{Y(i)}\n")));

    private static async Task Write(Stream stream, DataField[] fields, int rows, int group, CompressionMethod compression)
    {
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), stream, new ParquetOptions { CompressionMethod = compression });
        for (int begin = 0; begin < rows; begin += group)
        {
            int[] at = [.. Enumerable.Range(begin, Math.Min(group, rows - begin))];
            using ParquetRowGroupWriter part = writer.CreateRowGroup();
            await part.WriteAsync<long>(fields[0], at.Select(N).ToArray());
            await part.WriteAsync<double>(fields[1], at.Select(D).ToArray().AsMemory());
            await part.WriteAsync<bool>(fields[2], at.Select(i => i % 2 == 0).ToArray());
            await part.WriteAsync<DateTime>(fields[3], at.Select(T).ToArray());
            await part.WriteAsync(fields[4], at.Select(C).ToArray()!);
            await part.WriteAsync(fields[5], at.Select(Y).ToArray());
            if (begin + group > rows || group == int.MaxValue)
                break;
        }
    }

    private static long N(int i) => 1_000_000_007L * i;

    private static double? D(int i) => i % 3 == 1 ? null : i / 7.0;

    private static DateTime T(int i) => new(2024, 1, 1 + (i % 28), i % 24, 30, 0, DateTimeKind.Utc);

    private static string? C(int i) => i % 5 == 4 ? null : "pqr"[i % 3].ToString();

    private static string Y(int i) => i % 2 == 0 ? "no" : "yes";
}
