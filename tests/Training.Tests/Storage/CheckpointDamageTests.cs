using System.Text;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>Nothing that is not exactly what was written is ever loaded.</summary>
public sealed class CheckpointDamageTests : IDisposable
{
    private readonly TestFolder folder = new();

    private string File => folder["a.ckpt"];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_flip_of_any_bit_of_a_small_checkpoint_is_found()
    {
        byte[] whole = Written(Samples.At(7));
        for (int bit = 0; bit < whole.Length * 8; bit++)
        {
            byte[] flipped = [.. whole];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Refused(flipped, $"bit {bit} of {whole.Length * 8}");
        }
    }

    [Fact]
    public void A_flip_of_any_of_10_000_bits_of_a_large_checkpoint_is_found()
    {
        byte[] whole = Written(Samples.At(7, floats: 60_000));
        var random = new Random(12);
        using FileStream stream = System.IO.File.Open(File, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        for (int i = 0; i < 10_000; i++)
        {
            int at = random.Next(whole.Length);
            Put(stream, at, (byte)(whole[at] ^ (1 << random.Next(8))));
            Assert.Throws<DamagedFileException>(() => CheckpointFile.Open(File));
            Put(stream, at, whole[at]);
        }
        using CheckpointFile read = CheckpointFile.Open(File);
        Samples.AssertSame(Samples.At(7, floats: 60_000), read.Content);
    }

    [Fact]
    public void A_checkpoint_cut_at_any_byte_is_refused()
    {
        byte[] whole = Written(Samples.At(7));
        for (int length = 0; length < whole.Length; length++)
            Refused(whole[..length], $"cut to {length} bytes");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(4096)]
    public void Bytes_after_the_end_are_refused(int more)
    {
        byte[] whole = Written(Samples.At(7));
        Refused([.. whole, .. new byte[more]], $"{more} zeros behind");
        Refused([.. whole, .. whole[^Math.Min(more, whole.Length)..]], $"{more} bytes twice");
        Refused([.. new byte[more], .. whole], $"{more} zeros before");
    }

    [Fact]
    public void Two_blocks_that_changed_places_are_found()
    {
        byte[] whole = Written(Samples.At(7, floats: 4096));
        for (int block = 8; block <= 4096; block *= 2)
        {
            byte[] swapped = [.. whole];
            whole.AsSpan(2048, block).CopyTo(swapped.AsSpan(2048 + block));
            whole.AsSpan(2048 + block, block).CopyTo(swapped.AsSpan(2048));
            Refused(swapped, $"blocks of {block} bytes");
            byte[] zeros = [.. whole];
            zeros.AsSpan(2048, block).Clear();
            Refused(zeros, $"{block} bytes not written");
        }
    }

    public static TheoryData<string> CraftedNames => [.. Crafted().Select(c => c.What)];

    [Theory]
    [MemberData(nameof(CraftedNames))]
    public void A_file_whose_checksums_are_right_and_whose_numbers_lie_is_refused(string what) =>
        Refused(Crafted().Single(c => c.What == what).Bytes, what);

    private static IEnumerable<(string What, byte[] Bytes)> Crafted()
    {
        byte[] header = Encoding.UTF8.GetBytes(HeaderText());
        var good = new CraftedCheckpoint.Part("header", 0, header);
        CraftedCheckpoint.Part Buffer(string name, int bytes, byte kind = 1, long? length = null) => new(name, kind, new byte[bytes], length);
        yield return ("no section", CraftedCheckpoint.Of([]));
        yield return ("no header", CraftedCheckpoint.Of([Buffer("parameters", 8)]));
        yield return ("header second", CraftedCheckpoint.Of([Buffer("parameters", 8), good]));
        yield return ("header of another kind", CraftedCheckpoint.Of([good with { Kind = 1 }]));
        yield return ("the same name twice", CraftedCheckpoint.Of([good, Buffer("a", 4), Buffer("a", 4)]));
        yield return ("a second header", CraftedCheckpoint.Of([good, good]));
        yield return ("an empty name", CraftedCheckpoint.Of([good, Buffer("", 4)]));
        yield return ("a name of 257 bytes", CraftedCheckpoint.Of([good, Buffer(new string('x', 257), 4)]));
        yield return ("elements of kind 0", CraftedCheckpoint.Of([good, Buffer("a", 4, kind: 0)]));
        yield return ("elements of kind 5", CraftedCheckpoint.Of([good, Buffer("a", 4, kind: 5)]));
        yield return ("elements of kind 255", CraftedCheckpoint.Of([good, Buffer("a", 4, kind: 255)]));
        yield return ("half an element", CraftedCheckpoint.Of([good, Buffer("a", 6)]));
        foreach (long lie in new[] { -1, 0, 3, 5, int.MaxValue, uint.MaxValue, 1L << 40, long.MaxValue - 8, long.MaxValue, long.MinValue })
            yield return ($"a length of {lie}", CraftedCheckpoint.Of([good, Buffer("a", 4, kind: 4, length: lie)]));
        foreach (long lie in new[] { -1, 0, 1, 3, 1024, 1025, int.MaxValue, long.MaxValue, long.MinValue })
            yield return ($"a count of {lie}", CraftedCheckpoint.Of([good, Buffer("a", 4)], count: lie));
        foreach (int change in new[] { -1, 1, 100 })
            yield return ($"a length of the file that is {change} off", Changed(CraftedCheckpoint.Of([good]), fromEnd: 24, change));
        // Every byte of the last section's checksum counts: they are the last 8 of the table.
        for (int i = 0; i < 8; i++)
            yield return ($"a section's checksum wrong in byte {i}", Changed(CraftedCheckpoint.Of([good]), fromEnd: 48 - i, change: 1));
        foreach (int version in new[] { 0, 2, -1 })
            yield return ($"version {version}", CraftedCheckpoint.Of([good], version: version));
        foreach (string json in BadHeaders())
            yield return ($"the header {json}", CraftedCheckpoint.Of([new CraftedCheckpoint.Part("header", 0, Encoding.UTF8.GetBytes(json))]));
        yield return ("a header that is not UTF-8", CraftedCheckpoint.Of([good with { Bytes = [.. header, 0xFF] }]));
        yield return ("a header with a byte order mark", CraftedCheckpoint.Of([good with { Bytes = [0xEF, 0xBB, 0xBF, .. header] }]));
    }

    private static byte[] Changed(byte[] file, int fromEnd, int change)
    {
        file[^fromEnd] = (byte)(file[^fromEnd] + change);
        CraftedCheckpoint.Seal(file);
        return file;
    }

    private static IEnumerable<string> BadHeaders()
    {
        string good = HeaderText();
        string[] whole = ["", "null", "{}", "[]", "0", "\"x\"", good[..^1], good + good, good + "x", new string('[', 5000), "{\"a\":" + new string('{', 5000)];
        (string, string)[] changes =
        [
            ("\"step\":7", "\"step\":-1"), ("\"step\":7", "\"step\":7.5"), ("\"step\":7", "\"step\":\"7\""), ("\"step\":7", "\"step\":99999999999999999999"),
            ("\"step\":7", "\"step\":null"), ("\"step\":7", "\"step\":7,\"step\":7"), ("\"step\":7", "\"step\":7,\"stepp\":7"), ("\"epoch\":3", "\"epoch\":-3"),
            ("\"epoch\":3", "\"epoch\":2147483648"), ("\"cursor\":64", "\"cursor\":-1"), ("\"metrics_length\":70", "\"metrics_length\":-1"),
            ("\"metrics_length\":70,", ""), ("\"device\":\"cpu\"", "\"device\":null"), ("\"device\":\"cpu\",", ""), ("\"device\":\"cpu\"", "\"device\":{\"$type\":\"x\"}"),
            ("\"parameters\":[", "\"parameters\":[null,"), ("\"offset\":16", "\"offset\":-16"), ("\"shape\":[2,3]", "\"shape\":null"), ("\"shape\":[2,3]", "\"shape\":[2,3.5]"),
            ("\"state\":{", "\"state\":null,\"x\":{"), ("\"seconds\":1.5", "\"seconds\":1,5"), ("\"seconds\":1.5", "\"seconds\":\"nan\""), ("\"seconds\":1.5", "\"seconds\":1e999,"),
        ];
        return [.. whole, .. changes.Select(c => good.Replace(c.Item1, c.Item2, StringComparison.Ordinal))];
    }

    private static string HeaderText()
    {
        using var folder = new TestFolder();
        CheckpointFile.Write(folder["x"], Samples.At(7));
        string text = Encoding.Latin1.GetString(System.IO.File.ReadAllBytes(folder["x"]));
        string json = text[CraftedCheckpoint.Head..(text.IndexOf("\n}", StringComparison.Ordinal) + 2)];
        return System.Text.Json.Nodes.JsonNode.Parse(json)!.ToJsonString();
    }

    [Fact]
    public void The_crafted_files_are_refused_for_what_is_wrong_with_them_and_nothing_else()
    {
        System.IO.File.WriteAllBytes(File, CraftedCheckpoint.Of([new CraftedCheckpoint.Part("header", 0, Encoding.UTF8.GetBytes(HeaderText()))]));
        using CheckpointFile read = CheckpointFile.Open(File);
        Assert.Equal(7, read.Content.State.Step);
        string[] headers = [.. BadHeaders()];
        Assert.DoesNotContain(HeaderText(), headers);
        Assert.Equal(headers.Length, headers.Distinct().Count());
    }

    private byte[] Written(Checkpoint checkpoint)
    {
        CheckpointFile.Write(File, checkpoint);
        return System.IO.File.ReadAllBytes(File);
    }

    private void Refused(byte[] bytes, string what)
    {
        System.IO.File.WriteAllBytes(File, bytes);
        try
        {
            using CheckpointFile read = CheckpointFile.Open(File);
        }
        catch (GpuGradException e) when (e.Fault == Fault.Data)
        {
            Assert.StartsWith(File, e.Message);
            Assert.DoesNotContain('\n', e.Message);
            return;
        }
        Assert.Fail($"{what}: not refused");
    }

    private static void Put(FileStream stream, int at, byte value)
    {
        stream.Position = at;
        stream.WriteByte(value);
        stream.Flush();
    }
}
