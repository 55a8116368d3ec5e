using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// Copies of short runs of floats, such as the rows of a 14×14 image: a call into the runtime's copy would cost more than
/// the copy.
/// </summary>
internal static unsafe class Copies
{
    /// <summary>Floats past the end of source and target that <see cref="RowsInOrder"/> may read and write.</summary>
    public const int Slack = 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(float* source, float* target, int count)
    {
        if (count >= 8)
        {
            int last = count - 8;
            for (int i = 0; i < last; i += 8)
                Vector256.Store(Vector256.Load(source + i), target + i);
            Vector256.Store(Vector256.Load(source + last), target + last);
        }
        else if (count >= 4)
        {
            // Source and target do not overlap, so the order of loads and stores does not matter.
            Vector128.Store(Vector128.Load(source), target);
            Vector128.Store(Vector128.Load(source + count - 4), target + count - 4);
        }
        else
        {
            for (int i = 0; i < count; i++)
                target[i] = source[i];
        }
    }

    public static void Clear(float* target, int count) => Fill(target, count, 0);

    public static void Fill(float* target, int count, float value)
    {
        int i = 0;
        for (; i <= count - 8; i += 8)
            Vector256.Store(Vector256.Create(value), target + i);
        for (; i < count; i++)
            target[i] = value;
    }

    /// <summary>target = source · factor.</summary>
    public static void Scale(float* source, float factor, float* target, int count)
    {
        int i = 0;
        for (; i <= count - 8; i += 8)
            Vector256.Store(Vector256.Load(source + i) * factor, target + i);
        for (; i < count; i++)
            target[i] = source[i] * factor;
    }

    /// <summary>target[i] = source[i·stride].</summary>
    public static void Gather(float* source, int stride, float* target, int count)
    {
        if (stride == 1)
        {
            Copy(source, target, count);
            return;
        }
        int i = 0;
        // Eight pairs at a time, while the second number of the last pair is still in the source.
        for (; stride == 2 && i < count - 8; i += 8)
            Vector256.Store(Evens(Vector256.Load(source + (2 * i)), Vector256.Load(source + (2 * i) + 8)), target + i);
        for (; i < count; i++)
            target[i] = source[(long)i * stride];
    }

    /// <summary>target = even[0], odd[0], even[1], odd[1], …, count numbers; the last vectors overlap those before.</summary>
    public static void Zip(float* even, float* odd, float* target, int count)
    {
        int pairs = count / 2;
        for (int next = 0; next < pairs && pairs >= 8; next += 8)
        {
            int i = Math.Min(next, pairs - 8);
            Zip(Vector256.Load(even + i), Vector256.Load(odd + i), target + (2 * i));
        }
        for (int next = 0; next < pairs && pairs is >= 4 and < 8; next += 4)
        {
            int i = Math.Min(next, pairs - 4);
            Zip(Vector128.Load(even + i), Vector128.Load(odd + i), target + (2 * i));
        }
        for (int i = 0; i < pairs && pairs < 4; i++)
            (target[2 * i], target[(2 * i) + 1]) = (even[i], odd[i]);
        if (count % 2 > 0)
            target[count - 1] = even[pairs];
    }

    /// <summary>target = even[0], odd[0], even[1], odd[1], …, 16 numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Zip(Vector256<float> even, Vector256<float> odd, float* target)
    {
        Zipped(even.GetLower(), odd.GetLower()).Store(target);
        Zipped(even.GetUpper(), odd.GetUpper()).Store(target + 8);
    }

    /// <summary>target = even[0], odd[0], even[1], odd[1], …, 8 numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Zip(Vector128<float> even, Vector128<float> odd, float* target) => Zipped(even, odd).Store(target);

    /// <summary>Copies a block of rows between buffers of different pitch.</summary>
    public static void Rows(float* source, int sourcePitch, float* target, int targetPitch, int rows, int columns)
    {
        if (sourcePitch == columns && targetPitch == columns)
            (rows, columns) = (1, rows * columns);
        for (int row = 0; row < rows; row++, source += sourcePitch, target += targetPitch)
            Copy(source, target, columns);
    }

    /// <summary>
    /// Copies a block of rows in whole vectors: what they write past the end of a row, the next row overwrites. For rows shorter than a
    /// vector this takes one load and one store per row.
    /// </summary>
    public static void RowsInOrder(float* source, int sourcePitch, float* target, int targetPitch, int rows, int columns)
    {
        for (int row = 0; row < rows; row++, source += sourcePitch, target += targetPitch)
        {
            for (int i = 0; i < columns; i += 8)
                Vector256.Store(Vector256.Load(source + i), target + i);
        }
    }

    /// <summary>Copies a block of rows to columns a stride apart: target[i·pitch + j·stride] = source[i·pitch + j].</summary>
    public static void ScatterRows(float* source, int sourcePitch, float* target, int targetPitch, int stride, int rows, int columns)
    {
        for (int row = 0; row < rows; row++, source += sourcePitch, target += targetPitch)
        {
            for (int i = 0; i < columns; i++)
                target[(long)i * stride] = source[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Evens(Vector256<float> low, Vector256<float> high)
    {
        Vector256<int> order = Vector256.Create(0, 2, 4, 6, 0, 2, 4, 6);
        return Vector256.Create(Vector256.Shuffle(low, order).GetLower(), Vector256.Shuffle(high, order).GetLower());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Zipped(Vector128<float> even, Vector128<float> odd) =>
        Vector256.Shuffle(Vector256.Create(even, odd), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7));
}
