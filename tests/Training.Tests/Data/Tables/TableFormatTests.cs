using System.Text;
using GpuGrad.Kernels.Random;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Texts;
using Parquet;

namespace GpuGrad.Training.Tests.Data.Tables;

/// <summary>A table is the same in whatever format it comes, and a broken one is refused in one line.</summary>
public sealed class TableFormatTests
{
    private const int Rows = 37;

    private static readonly int Mutants = Effort.Count(400, 20_000);

    public static TheoryData<CompressionMethod, int> Parquets => new()
    {
        { CompressionMethod.None, int.MaxValue },
        { CompressionMethod.Snappy, 10 },
        { CompressionMethod.Gzip, int.MaxValue },
        { CompressionMethod.Zstd, 1 },
        { CompressionMethod.Lz4Raw, 36 },
        { CompressionMethod.Brotli, 37 },
    };

    [Theory]
    [MemberData(nameof(Parquets))]
    public void Parquet_is_read_to_the_numbers_of_the_same_text(CompressionMethod compression, int group) =>
        Same(Read(Encoding.UTF8.GetBytes(ParquetSample.Text(Rows)), "t.csv"), Read(ParquetSample.Table(Rows, compression, group), "t.parquet"));

    [Fact]
    public void A_damaged_parquet_file_is_read_or_refused_in_one_line() => Damage("parquet", "t.parquet", [ParquetSample.Table(12), ParquetSample.Table(5, CompressionMethod.Gzip, 2), ParquetSample.Table(12, CompressionMethod.Zstd), ParquetSample.Table(12, CompressionMethod.Brotli), ParquetSample.Table(12, CompressionMethod.Lz4Raw), ParquetSample.Table(12, CompressionMethod.None)], 64 << 20);

    [Fact]
    public void A_damaged_jsonl_file_is_read_or_refused_in_one_line() => Damage("jsonl", "t.jsonl", [Encoding.UTF8.GetBytes(Json)], 4 << 20);

    [Fact]
    public void A_damaged_table_between_spaces_is_read_or_refused_in_one_line() => Damage("spaced", "t.data", [[.. "1  2.5 \"cat a\"\n-3e2\t?  dog\n 4 5 'cat a'\n"u8]], 4 << 20);

    [Fact]
    public void A_parquet_file_cut_off_at_any_byte_or_followed_by_any_is_refused()
    {
        byte[] good = ParquetSample.Table(6);
        for (int length = 0; length < good.Length; length++)
            Hostile.Refusal(good[..length], b => Read(b, "t.parquet"), $"cut at {length}", 1 << 20);
        foreach (byte[] garbage in new byte[][] { [0], [.. "PAR1"u8], new byte[70000] })
            Hostile.Refusal([.. good, .. garbage], b => Read(b, "t.parquet"), $"{garbage.Length} more bytes", 1 << 20);
    }

    [Theory]
    [InlineData(-8, new byte[] { 0xFF, 0xFF, 0xFF, 0x7F }, "a footer of 2147483647 bytes")]
    [InlineData(-4, new byte[] { 0x50, 0x41, 0x52, 0x45 }, "expected Parquet's PAR1; the file was cut off, or is encrypted")]
    public void What_a_parquet_file_claims_is_compared_with_what_it_is(int at, byte[] bytes, string says)
    {
        byte[] file = ParquetSample.Table(6);
        bytes.CopyTo(file, file.Length + at);
        Assert.Contains(says, Hostile.Refusal(file, b => Read(b, "t.parquet")), StringComparison.Ordinal);
    }

    private const string Json = """
        {"n": 1, "c": "p, \"q\"", "b": true, "at": "2024-01-01", "in": {"x": 0.5, "y": null}, "label": "no"}

        {"label": "yes", "n": -2.5e1, "c": "r", "b": false, "at": "2024-02-01T10:00:00Z", "in": {"x": 7}}
        {"n": null, "c": null, "in": {"y": 3, "x": 1}, "late": 4, "label": "no"}

        """;

    private const string SameText = "n,c,b,at,in.x,in.y,label,late\n1,\"p, \"\"q\"\"\",true,2024-01-01,0.5,,no,\n-25,r,false,2024-02-01 10:00,7,,yes,\n,,,,1,3,no,4\n";

    [Fact]
    public void Json_lines_are_read_to_the_numbers_of_the_same_text()
    {
        Same(Read(Encoding.UTF8.GetBytes(SameText), "t.csv"), Read(Encoding.UTF8.GetBytes(Json), "t.jsonl"));
        Same(Read(Encoding.UTF8.GetBytes(SameText), "t.csv"), Read([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Json.ReplaceLineEndings("\r\n"))], "standard input"));
    }

    [Theory]
    [InlineData("", "no rows")]
    [InlineData("{\"a\": 1,}\n", "t.jsonl:1:9: a line that is not JSON")]
    [InlineData("[1, 2]\n", "t.jsonl:1:1: a line that is not an object; expected JSON Lines")]
    [InlineData("{\"a\": 1}\n{\"a\": 2} 3\n", "t.jsonl:2:10: a line that is not JSON")]
    [InlineData("{\"a\": 1, \"a\": 2}\n", "t.jsonl:1:15: the key 'a' twice")]
    [InlineData("{\"a\": {\"b\": 1}, \"a.b\": 2}\n", "the key 'a.b' twice")]
    [InlineData("{\"a\": \"\\ud800\", \"label\": 1}\n", "bytes that are not text")]
    [InlineData("{\"a\": \"x\"\n", "t.jsonl:1:")]
    [InlineData("{\"a\": 1, \"label\": 0}\n{\"a\": 2, \"label\": null}\n", "t.jsonl:2:19: nothing in column 'label'")]
    public void Broken_json_lines_are_refused_with_their_place(string text, string says) =>
        Assert.Contains(says, Hostile.Refusal(Encoding.UTF8.GetBytes(text), b => Read(b, "t.jsonl"), text), StringComparison.Ordinal);

    [Fact]
    public void A_gzipped_table_equals_the_plain_one()
    {
        byte[] text = Encoding.UTF8.GetBytes(ParquetSample.Text(Rows));
        Same(Read(text, "t.csv"), Read(FormatSample.Gz(text), "t.csv.gz"));
        Same(Read(text, "t.csv"), Read(FormatSample.Gz(Encoding.UTF8.GetBytes(ParquetSample.Text(Rows).Replace(',', '\t'))), "t.tsv.gz"));
        Same(Read(Encoding.UTF8.GetBytes(SameText), "t.csv"), Read(FormatSample.Gz(Encoding.UTF8.GetBytes(Json)), "t.jsonl.gz"));
        byte[] cut = FormatSample.Gz(text)[..^9];
        Hostile.Refusal(cut, b => Read(b, "t.csv.gz"), "cut");
    }

    [Theory]
    [InlineData("18.0   8   ?      12.0\t\"chevrolet malibu\"\n15.0   8   165.0      11.5\tbuick\n", new[] { 18, 8, double.NaN, 12, 15, 8, 165, 11.5 })]
    [InlineData("# by hand\n 1 2 3 4 a\n5\t6 7   8 b\r\n\n", new double[] { 1, 2, 3, 4, 5, 6, 7, 8 })]
    [InlineData("p q r s label\n1 2 3 4 a\n5 6 7 8 b\n", new double[] { 1, 2, 3, 4, 5, 6, 7, 8 })]
    public void Columns_between_spaces_are_found_out(string text, double[] numbers) =>
        Assert.Equal(numbers, Numbers(Read(Encoding.UTF8.GetBytes(text), "t.data", new CsvOptions { Comment = '#' })));

    [Fact]
    public void Comments_are_no_rows_and_texts_with_spaces_stay_whole_between_tabs()
    {
        Assert.Equal([1, 2, 3, 4], Numbers(Read([.. "# made by hand\na,b,label\n1,2,x\n#3,3,y\n3,4,y\n"u8], "t.csv", new CsvOptions { Comment = '#' })));
        CsvTable towns = Read([.. "town\tsize\tlabel\nNew York\t8\tx\nSan Jose\t1\ty\n"u8], "t.txt");
        Assert.Equal(["New York", "San Jose"], towns.Columns[0].Texts!);
    }

    [Theory]
    [InlineData("t.csv", ",")]
    [InlineData("t.data", "  ")]
    public void Older_files_are_read_where_the_config_says_so(string name, string between)
    {
        string text = "town,size,label\nNîmes,1,x\n20€,2,y\n".Replace(",", between, StringComparison.Ordinal);
        byte[] old = Encoding.Latin1.GetBytes(text.Replace('€', '\u0080')); // Windows-1252
        Assert.Contains("bytes that are not text in UTF-8; expected UTF-8; 'encoding: latin1'", Hostile.Refusal(old, b => Read(b, name), name), StringComparison.Ordinal);
        var options = new CsvOptions { Encoding = TextEncoding.Latin1 };
        foreach ((byte[] file, string called) in new[] { (old, name), (Encoding.UTF8.GetBytes(text), name), (FormatSample.Gz(old), name + ".gz") })
            Assert.Equal(["Nîmes", "20€"], Read(file, called, options).Columns[0].Texts!);
    }

    [Theory]
    [InlineData(new byte[] { 0xC3, 0xA9 }, true)]
    [InlineData(new byte[] { 0xC3 }, false)]
    [InlineData(new byte[] { 0xE9, (byte)'n' }, false)]
    public void A_character_is_whole_wherever_a_piece_of_the_file_ends(byte[] end, bool isUnicode)
    {
        foreach (int before in new[] { 0, 1, 65535, 65536, 131071 })
            Assert.Equal(isUnicode, TextEncodings.IsUnicode(new MemoryStream([.. Enumerable.Repeat((byte)'a', before), .. end])));
    }

    private static void Damage(string what, string name, byte[][] good, long memory)
    {
        int read = 0;
        for (int i = 0; i < Mutants; i++)
        {
            byte[] mutant = Hostile.Mutate(good[i % good.Length], new RandomStream(21, Purpose.Explore, (uint)i));
            double begun = Spent.Seconds();
            read += Hostile.ReadOrRefuse(mutant, b => Read(b, name), $"{what}, mutant {i}", memory) ? 1 : 0;
            Assert.True(Spent.Seconds() - begun < Hostile.SlowestSeconds, $"{what}, mutant {i}, took {Spent.Seconds() - begun} s");
        }
        Effort.Report($"mutants {what}", $"{Mutants} changed files: {read} read, {Mutants - read} refused in one line");
    }

    private static CsvTable Read(byte[] file, string name, CsvOptions? options = null) => CsvReading.Read(new MemoryStream(file), name, options ?? new CsvOptions());

    private static void Same(CsvTable expected, CsvTable actual)
    {
        Assert.Equal(expected.Layout.Columns.Select(c => c.Name), actual.Layout.Columns.Select(c => c.Name));
        Assert.Equal(expected.Columns.Select(c => (c.Name, c.Type, c.Missing)), actual.Columns.Select(c => (c.Name, c.Type, c.Missing)));
        Assert.Equal(expected.Columns.SelectMany(c => c.Texts ?? []), actual.Columns.SelectMany(c => c.Texts ?? []));
        Assert.Equal(Numbers(expected), Numbers(actual));
        Assert.Equal(expected.LabelsIn(expected.SortedClasses()), actual.LabelsIn(actual.SortedClasses()));
    }

    private static double[] Numbers(CsvTable table) => table.Doubles ?? Array.ConvertAll(table.Values!, v => (double)v);
}
