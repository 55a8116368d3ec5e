using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// Copies of short runs of floats, such as the rows of a 14×14 image: a call into the runtime's copy would cost more than
/// the copy.
/// </summary>
internal static unsafe class Copies
{
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
            // Both loads before either store would not be needed: the runs do not overlap.
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

    /// <summary>target[i] = source[i·stride].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Gather(float* source, int stride, float* target, int count)
    {
        if (stride == 1)
        {
            Copy(source, target, count);
            return;
        }
        for (int i = 0; i < count; i++)
            target[i] = source[(long)i * stride];
    }

    /// <summary>target[i·stride] = source[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scatter(float* source, float* target, int stride, int count)
    {
        if (stride == 1)
        {
            Copy(source, target, count);
            return;
        }
        for (int i = 0; i < count; i++)
            target[(long)i * stride] = source[i];
    }
}
