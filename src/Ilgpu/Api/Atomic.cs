using System.Runtime.CompilerServices;

namespace ILGPU;

/// <summary>Atomic read-modify-write on global or shared memory; each returns the old value.</summary>
public static class Atomic
{
    public static int Add(ref int target, int value) => Interlocked.Add(ref target, value) - value;
    public static long Add(ref long target, long value) => Interlocked.Add(ref target, value) - value;
    public static uint Add(ref uint target, uint value) => Interlocked.Add(ref target, value) - value;
    public static ulong Add(ref ulong target, ulong value) => Interlocked.Add(ref target, value) - value;
    public static Index1D Add(ref Index1D target, Index1D value) => Add(ref Unsafe.As<Index1D, int>(ref target), value.X);

    public static float Add(ref float target, float value)
    {
        ref uint bits = ref Unsafe.As<float, uint>(ref target);
        for (uint old = bits; ;)
        {
            uint seen = CompareExchange(ref bits, old, Interop.FloatAsInt(Interop.IntAsFloat(old) + value));
            if (seen == old)
                return Interop.IntAsFloat(old);
            old = seen;
        }
    }

    public static double Add(ref double target, double value)
    {
        ref ulong bits = ref Unsafe.As<double, ulong>(ref target);
        for (ulong old = bits; ;)
        {
            ulong seen = CompareExchange(ref bits, old, Interop.FloatAsInt(Interop.IntAsFloat(old) + value));
            if (seen == old)
                return Interop.IntAsFloat(old);
            old = seen;
        }
    }

    public static int Exchange(ref int target, int value) => Interlocked.Exchange(ref target, value);
    public static long Exchange(ref long target, long value) => Interlocked.Exchange(ref target, value);
    public static uint Exchange(ref uint target, uint value) => Interlocked.Exchange(ref target, value);
    public static ulong Exchange(ref ulong target, ulong value) => Interlocked.Exchange(ref target, value);
    public static float Exchange(ref float target, float value) => Interlocked.Exchange(ref target, value);
    public static double Exchange(ref double target, double value) => Interlocked.Exchange(ref target, value);

    public static int CompareExchange(ref int target, int compare, int value) => Interlocked.CompareExchange(ref target, value, compare);
    public static long CompareExchange(ref long target, long compare, long value) => Interlocked.CompareExchange(ref target, value, compare);
    public static uint CompareExchange(ref uint target, uint compare, uint value) => Interlocked.CompareExchange(ref target, value, compare);
    public static ulong CompareExchange(ref ulong target, ulong compare, ulong value) => Interlocked.CompareExchange(ref target, value, compare);
    public static float CompareExchange(ref float target, float compare, float value) => Interlocked.CompareExchange(ref target, value, compare);
    public static double CompareExchange(ref double target, double compare, double value) => Interlocked.CompareExchange(ref target, value, compare);

    public static int And(ref int target, int value) => Interlocked.And(ref target, value);
    public static long And(ref long target, long value) => Interlocked.And(ref target, value);
    public static uint And(ref uint target, uint value) => Interlocked.And(ref target, value);
    public static ulong And(ref ulong target, ulong value) => Interlocked.And(ref target, value);

    public static int Or(ref int target, int value) => Interlocked.Or(ref target, value);
    public static long Or(ref long target, long value) => Interlocked.Or(ref target, value);
    public static uint Or(ref uint target, uint value) => Interlocked.Or(ref target, value);
    public static ulong Or(ref ulong target, ulong value) => Interlocked.Or(ref target, value);

    public static int Xor(ref int target, int value) => Swap(ref target, value, static (a, b) => a ^ b);
    public static long Xor(ref long target, long value) => Swap(ref target, value, static (a, b) => a ^ b);
    public static uint Xor(ref uint target, uint value) => (uint)Xor(ref Unsafe.As<uint, int>(ref target), (int)value);
    public static ulong Xor(ref ulong target, ulong value) => (ulong)Xor(ref Unsafe.As<ulong, long>(ref target), (long)value);

    public static int Max(ref int target, int value) => Swap(ref target, value, Math.Max);
    public static long Max(ref long target, long value) => Swap(ref target, value, Math.Max);
    public static uint Max(ref uint target, uint value) =>
        (uint)Swap(ref Unsafe.As<uint, int>(ref target), (int)value, static (a, b) => (int)Math.Max((uint)a, (uint)b));
    public static ulong Max(ref ulong target, ulong value) =>
        (ulong)Swap(ref Unsafe.As<ulong, long>(ref target), (long)value, static (a, b) => (long)Math.Max((ulong)a, (ulong)b));

    public static int Min(ref int target, int value) => Swap(ref target, value, Math.Min);
    public static long Min(ref long target, long value) => Swap(ref target, value, Math.Min);
    public static uint Min(ref uint target, uint value) =>
        (uint)Swap(ref Unsafe.As<uint, int>(ref target), (int)value, static (a, b) => (int)Math.Min((uint)a, (uint)b));
    public static ulong Min(ref ulong target, ulong value) =>
        (ulong)Swap(ref Unsafe.As<ulong, long>(ref target), (long)value, static (a, b) => (long)Math.Min((ulong)a, (ulong)b));

    /// <summary>The larger in <see cref="IntrinsicMath.Max(float, float)"/>'s order: NaN wins.</summary>
    public static float Max(ref float target, float value)
    {
        ref uint bits = ref Unsafe.As<float, uint>(ref target);
        for (uint old = bits; ;)
        {
            uint seen = CompareExchange(ref bits, old, Interop.FloatAsInt(IntrinsicMath.Max(Interop.IntAsFloat(old), value)));
            if (seen == old)
                return Interop.IntAsFloat(old);
            old = seen;
        }
    }

    public static float Min(ref float target, float value)
    {
        ref uint bits = ref Unsafe.As<float, uint>(ref target);
        for (uint old = bits; ;)
        {
            uint seen = CompareExchange(ref bits, old, Interop.FloatAsInt(IntrinsicMath.Min(Interop.IntAsFloat(old), value)));
            if (seen == old)
                return Interop.IntAsFloat(old);
            old = seen;
        }
    }

    private static int Swap(ref int target, int value, Func<int, int, int> combine)
    {
        for (; ; )
        {
            int old = Volatile.Read(ref target);
            if (Interlocked.CompareExchange(ref target, combine(old, value), old) == old)
                return old;
        }
    }

    private static long Swap(ref long target, long value, Func<long, long, long> combine)
    {
        for (; ; )
        {
            long old = Volatile.Read(ref target);
            if (Interlocked.CompareExchange(ref target, combine(old, value), old) == old)
                return old;
        }
    }
}
