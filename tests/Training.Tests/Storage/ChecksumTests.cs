using System.Numerics;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

public sealed class ChecksumTests
{
    [Fact]
    public void Where_the_bytes_are_cut_into_pieces_makes_no_difference()
    {
        var random = new Random(1);
        for (int length = 0; length <= 300; length++)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            var pieces = new Checksum();
            for (int at = 0, size; at < length; at += size)
            {
                size = Math.Min(length - at, random.Next(0, 70));
                pieces.Append(bytes.AsSpan(at, size));
                Assert.Equal(Checksum.Of(bytes.AsSpan(0, at + size)), pieces.Value);
            }
            Assert.Equal(Checksum.Of(bytes), pieces.Value);
        }
    }

    [Fact]
    public void Its_values_stay_what_they_are_because_files_hold_them()
    {
        Assert.Equal(GoldenEmpty, Checksum.Of([]));
        Assert.Equal(GoldenHundred, Checksum.Of([.. Enumerable.Range(0, 100).Select(i => (byte)i)]));
    }

    // Worked out once by tests/Support/oracle/checksum.py.
    private const ulong GoldenEmpty = 0x3454088E68B94308;
    private const ulong GoldenHundred = 0x4A46674739F52D0E;

    [Fact]
    public void One_and_two_flipped_bits_and_zeros_more_or_less_change_it()
    {
        var seen = new HashSet<ulong>();
        var bytes = new byte[72];
        for (int length = 0; length <= bytes.Length; length++)
            Assert.True(seen.Add(Checksum.Of(bytes.AsSpan(0, length))));
        for (int a = 0; a < bytes.Length * 8; a++)
        {
            bytes[a / 8] ^= (byte)(1 << (a % 8));
            Assert.True(seen.Add(Checksum.Of(bytes)));
            for (int b = a + 1; b < bytes.Length * 8; b++)
            {
                bytes[b / 8] ^= (byte)(1 << (b % 8));
                Assert.True(seen.Add(Checksum.Of(bytes)), $"bits {a} and {b}");
                bytes[b / 8] ^= (byte)(1 << (b % 8));
            }
            bytes[a / 8] ^= (byte)(1 << (a % 8));
        }
    }

    [Fact]
    public void A_flipped_bit_changes_half_of_the_bits_wherever_it_is()
    {
        var bytes = new byte[1000];
        new Random(5).NextBytes(bytes);
        ulong whole = Checksum.Of(bytes);
        var changes = new List<int>();
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            changes.Add(BitOperations.PopCount(Checksum.Of(bytes) ^ whole));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
        Assert.InRange(changes.Average(), 30, 34);
        Assert.InRange(changes.Min(), 8, 64);
    }
}
