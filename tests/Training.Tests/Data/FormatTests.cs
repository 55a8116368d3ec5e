using GpuGrad.Kernels.Random;
using GpuGrad.Tests.Support;

namespace GpuGrad.Training.Tests.Data;

/// <summary>What holds for every format of files.</summary>
public sealed class FormatTests
{

    public static TheoryData<string> Formats => [.. FormatSample.All.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_whole_file_is_read(string format)
    {
        FormatSample sample = FormatSample.Find(format);
        Assert.NotNull(sample.Read(sample.Good));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_file_cut_off_at_any_byte_is_refused(string format)
    {
        FormatSample sample = FormatSample.Find(format);
        for (int length = 0; length < sample.Good.Length && sample.EndIsKnown; length++)
        {
            // A decoder of pictures is content with all pixels, of a GIF those of the first picture.
            if (!sample.IsStrict && length > sample.Good.Length / 2)
                break;
            // A file of whole records, cut between two of them, is whole.
            if (format.StartsWith("cifar", StringComparison.Ordinal) && length > 0 && length % (sample.Good.Length / (format == "cifar10" ? 3 : 2)) == 0)
                continue;
            Hostile.Refusal(sample.Good[..length], b => sample.Read(b), $"{format} cut at {length}", Math.Max(Hostile.LittleMemory, sample.Memory / 4));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Anything_after_the_end_is_refused(string format)
    {
        FormatSample sample = FormatSample.Find(format);
        if (!sample.IsStrict)
            return;
        // The doubled file is no test of formats that are nothing but records.
        byte[] twice = format.StartsWith("cifar", StringComparison.Ordinal) ? [1] : sample.Good;
        foreach (byte[] garbage in new byte[][] { [0], [0xFF], [.. "PK"u8], twice, new byte[70000] })
            Hostile.Refusal([.. sample.Good, .. garbage], b => sample.Read(b), $"{format} with {garbage.Length} more bytes");
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_damaged_file_is_read_or_refused_in_one_line(string format)
    {
        FormatSample sample = FormatSample.Find(format);
        int read = 0, mutants = sample.IsStrict ? Effort.Count(2000, 100_000) : Effort.Count(500, 20_000);
        for (int i = 0; i < mutants; i++)
        {
            var random = new RandomStream(20, Purpose.Explore, (uint)i);
            byte[] mutant = sample.Container is { } container && i % 2 == 0
                ? container.Wrap(Hostile.Mutate(container.Inner, random))
                : Hostile.Mutate(sample.Good, random);
            double begun = Spent.Seconds();
            read += Hostile.ReadOrRefuse(mutant, b => sample.Read(b), $"{format}, mutant {i}", sample.Memory) ? 1 : 0;
            Assert.True(Spent.Seconds() - begun < Hostile.SlowestSeconds, $"{format}, mutant {i}, took {Spent.Seconds() - begun} s");
        }
        Effort.Report($"mutants {format}", $"{mutants} changed files: {read} read, {mutants - read} refused in one line");
    }

    [Theory]
    [InlineData("idx.gz")]
    [InlineData("npz stored")]
    [InlineData("npz deflated")]
    public void A_flipped_bit_never_passes_a_checksum(string format)
    {
        FormatSample sample = FormatSample.Find(format);
        object good = sample.Read(sample.Good);
        for (int bit = 0; bit < 8 * sample.Good.Length; bit++)
        {
            byte[] flipped = [.. sample.Good];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            object? read = null;
            // Where a bit is not content (a time, an operating system), the content must still be the same.
            if (Hostile.Record(() => read = sample.Read(flipped)) is Exception e)
                Hostile.AssertOneLine(e, $"{format}, bit {bit}");
            else
                Assert.Equal(System.Text.Json.JsonSerializer.Serialize(good), System.Text.Json.JsonSerializer.Serialize(read));
        }
    }
}
