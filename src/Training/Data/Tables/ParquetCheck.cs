using System.Buffers.Binary;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>
/// Checks the sizes stated in a Parquet file before a library allocates memory by them: row counts against those of columns and
/// pages, and page sizes against the size of the file.
/// </summary>
/// <remarks>Source: parquet.thrift of apache/parquet-format, whose field numbers these are.</remarks>
internal static class ParquetCheck
{
    private const int Trailer = 8, MostFooter = 1 << 28, MostHeader = 1 << 16, LeastPage = 1 << 16, Snappy = 1, MostVarInt = 5;

    // Zstandard and Brotli compress a constant thousands of times; a run of equal values takes a few bytes however long it is.
    private const long MostRatio = 4096, RowsOfByte = 1000, FewRows = 1_000_000;

    /// <param name="stream">A seekable stream.</param>
    /// <param name="name">For messages.</param>
    /// <exception cref="GpuGradException">A stated size is impossible.</exception>
    public static void Run(Stream stream, string name)
    {
        long length = stream.Length;
        if (length < 4 + Trailer)
            throw DataFault.At(name, length, "the end", "a Parquet file, which has at least 12 bytes");
        byte[] trailer = Bytes(stream, length - Trailer, Trailer);
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        if (!trailer.AsSpan(4).SequenceEqual("PAR1"u8))
            throw DataFault.At(name, length - 4, "another end", "Parquet's PAR1; the file was cut off, or is encrypted");
        if (size > MostFooter || size > length - 4 - Trailer)
            throw DataFault.At(name, length - Trailer, $"a footer of {size} bytes", $"at most {Math.Min(MostFooter, length - 4 - Trailer)}");
        ThriftStruct footer = Parse(Bytes(stream, length - Trailer - size, (int)size), name, length - Trailer - size);
        long rows = 0, most = Math.Max(FewRows, length > long.MaxValue / RowsOfByte ? long.MaxValue : length * RowsOfByte);
        foreach (ThriftStruct group in footer.Structs(4))
        {
            long count = group.Number(3) ?? -1;
            if (count < 0 || count > most)
                throw DataFault.In(name, $"a row group of {count} rows in a file of {length} bytes", $"0 to {most} rows");
            rows += count;
            foreach (ThriftStruct column in group.Structs(1))
                Check(stream, name, column.Struct(3) ?? throw DataFault.In(name, "a column without metadata", "where its pages are"), count);
        }
        if (rows != footer.Number(3) || rows > most)
            throw DataFault.In(name, $"{footer.Number(3) ?? -1} rows, of which the row groups have {rows}", "the same number, at most a thousand per byte");
    }

    private static void Check(Stream stream, string name, ThriftStruct column, long rows)
    {
        long packed = column.Number(7) ?? -1, begin = column.Number(9) ?? -1, values = 0;
        if (column.Number(11) is long dictionary and > 0 && dictionary < begin)
            begin = dictionary;
        if (column.Number(5) != rows)
            throw DataFault.In(name, $"a column of {column.Number(5) ?? -1} values in {rows} rows", "a value in each row; lists are not read");
        if (begin < 4 || packed < 0 || packed > stream.Length - begin)
            throw DataFault.In(name, $"a column of {packed} bytes from {begin}", $"a part of the {stream.Length} bytes that the file has");
        for (long at = begin; at < begin + packed;)
        {
            int head = (int)Math.Min(MostHeader, begin + packed - at);
            var input = new ThriftInput(Bytes(stream, at, head), name, at);
            ThriftStruct page = Guard(ref input, name, at);
            long unpacked = page.Number(2) ?? -1, size = page.Number(3) ?? -1;
            at += input.Read;
            long count = (page.Struct(5) ?? page.Struct(7) ?? page.Struct(8))?.Number(1) ?? 0;
            if (size < 0 || size > begin + packed - at || unpacked < 0 || unpacked > Math.Max(LeastPage, size * MostRatio) || unpacked > int.MaxValue || count < 0 || count > Math.Max(rows, 8 * unpacked))
                throw DataFault.At(name, at, $"a page of {size} bytes that hold {unpacked} and {count} values", $"at most {begin + packed - at} bytes, and no more values than fit");
            // Snappy stores the uncompressed size itself. In version 2 the levels of a page precede the compressed data.
            long levels = (page.Struct(8)?.Number(5) ?? 0) + (page.Struct(8)?.Number(6) ?? 0);
            if (column.Number(4) == Snappy && page.Struct(8)?.Number(7) != 0 && levels >= 0 && levels < size && Length(Bytes(stream, at + levels, (int)Math.Min(MostVarInt, size - levels))) > unpacked)
                throw DataFault.At(name, at, $"a page of more than {unpacked} bytes", "as many as its header says");
            values += page.Struct(7) is null ? count : 0;
            at += size;
        }
        if (values != rows)
            throw DataFault.In(name, $"pages of {values} values for {rows} rows", "the same number");
    }

    private static long Length(byte[] bytes)
    {
        long value = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            value |= (long)(bytes[i] & 127) << (7 * i);
            if (bytes[i] < 128)
                break;
        }
        return value;
    }

    private static ThriftStruct Parse(byte[] bytes, string name, long offset)
    {
        var input = new ThriftInput(bytes, name, offset);
        return Guard(ref input, name, offset);
    }

    private static ThriftStruct Guard(ref ThriftInput input, string name, long offset)
    {
        try
        {
            return input.ReadStruct();
        }
        catch (OverflowException)
        {
            throw DataFault.At(name, offset, "a number that is too large in its metadata", "the metadata of Parquet");
        }
    }

    private static byte[] Bytes(Stream stream, long at, int count)
    {
        var bytes = new byte[count];
        stream.Position = at;
        stream.ReadExactly(bytes);
        return bytes;
    }
}
