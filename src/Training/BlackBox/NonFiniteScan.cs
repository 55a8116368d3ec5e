using System.Numerics;
using System.Runtime.InteropServices;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.BlackBox;

/// <summary>Finds NaN and infinity: numbers whose exponent bits are all set.</summary>
public static class NonFiniteScan
{
    /// <summary>Index of the first such number in a buffer of reals; -1 if all are finite.</summary>
    public static long Find(ReadOnlySpan<byte> bytes, CheckpointElement element) => element switch
    {
        CheckpointElement.Float32 => Find(MemoryMarshal.Cast<byte, uint>(bytes), 0x7F800000u),
        CheckpointElement.Float64 => Find(MemoryMarshal.Cast<byte, ulong>(bytes), 0x7FF0000000000000ul),
        _ => -1,
    };

    /// <summary>Index of the first such number; -1 if all are finite.</summary>
    public static long Find(ReadOnlySpan<double> values) => Find(MemoryMarshal.Cast<double, ulong>(values), 0x7FF0000000000000ul);

    private static long Find<T>(ReadOnlySpan<T> words, T exponent) where T : unmanaged, IBinaryInteger<T>
    {
        var mask = new Vector<T>(exponent);
        int i = 0;
        for (; i <= words.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            if (Vector.EqualsAny(new Vector<T>(words[i..]) & mask, mask))
                break;
        }
        for (; i < words.Length; i++)
        {
            if ((words[i] & exponent) == exponent)
                return i;
        }
        return -1;
    }
}
