using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GpuGrad.Kernels.Devices;

/// <summary>Copies numbers between the host and a buffer; reals may be wider or narrower there than the caller's.</summary>
internal static class RealIO
{
    // A copy is a driver call that waits for the device, so copies are few and large; but the single number of a loss needs no array.
    private const int Few = 16, Chunk = 1 << 16;

    // Elements per copy without conversion: a span counts its bytes in 32 bits.
    private const int Piece = 1 << 26;

    public static void Write<T>(DeviceBuffer buffer, long element, ReadOnlySpan<T> values, int realSize) where T : unmanaged, INumberBase<T>
    {
        if (realSize == Unsafe.SizeOf<T>())
            WriteSame(buffer, element, values);
        else if (realSize == sizeof(float))
            WriteAs<T, float>(buffer, element, values);
        else
            WriteAs<T, double>(buffer, element, values);
    }

    public static void Read<T>(DeviceBuffer buffer, long element, Span<T> values, int realSize) where T : unmanaged, INumberBase<T>
    {
        if (realSize == Unsafe.SizeOf<T>())
            ReadSame(buffer, element, values);
        else if (realSize == sizeof(float))
            ReadAs<T, float>(buffer, element, values);
        else
            ReadAs<T, double>(buffer, element, values);
    }

    public static void WriteSame<T>(DeviceBuffer buffer, long element, ReadOnlySpan<T> values) where T : unmanaged
    {
        for (; values.Length > Piece; element += Piece, values = values[Piece..])
            buffer.Write(element * Unsafe.SizeOf<T>(), MemoryMarshal.AsBytes(values[..Piece]));
        buffer.Write(element * Unsafe.SizeOf<T>(), MemoryMarshal.AsBytes(values));
    }

    public static void ReadSame<T>(DeviceBuffer buffer, long element, Span<T> values) where T : unmanaged
    {
        for (; values.Length > Piece; element += Piece, values = values[Piece..])
            buffer.Read(element * Unsafe.SizeOf<T>(), MemoryMarshal.AsBytes(values[..Piece]));
        buffer.Read(element * Unsafe.SizeOf<T>(), MemoryMarshal.AsBytes(values));
    }

    private static void WriteAs<T, R>(DeviceBuffer buffer, long element, ReadOnlySpan<T> values)
        where T : unmanaged, INumberBase<T> where R : unmanaged, INumberBase<R>
    {
        R[]? rented = Rent<R>(values.Length);
        Span<R> room = rented ?? stackalloc R[Few];
        for (int begin = 0; begin < values.Length; begin += room.Length)
        {
            Span<R> part = room[..Math.Min(room.Length, values.Length - begin)];
            Convert(values.Slice(begin, part.Length), part);
            buffer.Write((element + begin) * Unsafe.SizeOf<R>(), MemoryMarshal.AsBytes(part));
        }
        Return(rented);
    }

    private static void ReadAs<T, R>(DeviceBuffer buffer, long element, Span<T> values)
        where T : unmanaged, INumberBase<T> where R : unmanaged, INumberBase<R>
    {
        R[]? rented = Rent<R>(values.Length);
        Span<R> room = rented ?? stackalloc R[Few];
        for (int begin = 0; begin < values.Length; begin += room.Length)
        {
            Span<R> part = room[..Math.Min(room.Length, values.Length - begin)];
            buffer.Read((element + begin) * Unsafe.SizeOf<R>(), MemoryMarshal.AsBytes(part));
            Convert<R, T>(part, values[begin..]);
        }
        Return(rented);
    }

    private static R[]? Rent<R>(int length) => length <= Few ? null : ArrayPool<R>.Shared.Rent(Math.Min(length, Chunk));

    private static void Return<R>(R[]? rented)
    {
        if (rented is not null)
            ArrayPool<R>.Shared.Return(rented);
    }

    // At the start this runs only a few times, over millions of numbers: too seldom for the runtime to optimise it as hot.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Convert<F, T>(ReadOnlySpan<F> from, Span<T> to) where F : unmanaged, INumberBase<F> where T : unmanaged, INumberBase<T>
    {
        for (int i = 0; i < from.Length; i++)
            to[i] = T.CreateTruncating(from[i]);
    }
}
