using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>The data set of a gather op on the CPU: bytes or floats, with scale and shift per channel.</summary>
/// <remarks>One fused multiply-add per element, so that the bits do not depend on the vector width.</remarks>
internal sealed unsafe class CpuSamples
{
    /// <summary>Elements worth handing to a worker: 5 µs at 7 GB/s.</summary>
    public const int Grain = 8192;

    private readonly byte* bytes;
    private readonly float* reals;
    private readonly float* scale;
    private readonly float* shift;

    /// <param name="b">Binding of an op whose inputs are data, indices, scale and shift.</param>
    public CpuSamples(CpuBinding b)
    {
        Shape shape = b.InShape(0);
        (Channels, Pixels) = (shape[1], shape.LengthOf(2..));
        bool isBytes = b.Node.Inputs[0].Type.Element == ElementType.Byte;
        bytes = isBytes ? b.InByte(0) : null;
        reals = isBytes ? null : b.In(0);
        scale = b.In(2);
        shift = b.In(3);
    }

    public int Channels { get; }

    /// <summary>Elements per channel; 1 if samples are rows of features.</summary>
    public int Pixels { get; }

    /// <summary>Elements per sample.</summary>
    public int Size => Channels * Pixels;

    /// <summary>The scaled value of a raw 0.</summary>
    public float Zero(int channel) => shift[channel];

    /// <summary>The raw value that becomes 0.</summary>
    public float RawOfZero(int channel) => -shift[channel] / scale[channel];

    /// <summary>A raw value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Raw(long index) => bytes is null ? reals[index] : bytes[index];

    /// <summary>raw·scale + shift.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Normal(int channel, float raw) => MathF.FusedMultiplyAdd(raw, scale[channel], shift[channel]);

    /// <summary>A whole sample.</summary>
    public void Normalise(int sample, float* y)
    {
        if (Pixels == 1)
        {
            NormaliseRow((long)sample * Channels, y);
            return;
        }
        for (int c = 0; c < Channels; c++)
            Normalise(c, (((long)sample * Channels) + c) * Pixels, Pixels, y + ((long)c * Pixels));
    }

    /// <summary>Normalises consecutive elements of one channel.</summary>
    /// <param name="channel">The channel, for scale and shift.</param>
    /// <param name="first">Position in the data set.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="y">Receives the results.</param>
    public void Normalise(int channel, long first, int count, float* y)
    {
        float factor = scale[channel], offset = shift[channel];
        int done;
        if (bytes is null)
            done = Simd.Is512 ? Reals<V512>(reals + first, count, factor, offset, y) : Simd.Is256 ? Reals<V256>(reals + first, count, factor, offset, y) : Reals<V128>(reals + first, count, factor, offset, y);
        else
            done = Simd.Is512 ? Bytes512(bytes + first, count, factor, offset, y) : Simd.Is256 ? Bytes256(bytes + first, count, factor, offset, y) : Bytes128(bytes + first, count, factor, offset, y);
        for (int i = done; i < count; i++)
            y[i] = MathF.FusedMultiplyAdd(Raw(first + i), factor, offset);
    }

    // Each feature has its own scale.
    private void NormaliseRow(long first, float* y)
    {
        int i = 0;
        if (bytes is null && Simd.Is512)
            i = Row<V512>(reals + first, y);
        else if (bytes is null && Simd.Is256)
            i = Row<V256>(reals + first, y);
        for (; i < Channels; i++)
            y[i] = Normal(i, Raw(first + i));
    }

    private int Row<V>(float* x, float* y) where V : struct, IVector<V>
    {
        int i = 0;
        for (; i <= Channels - V.Lanes; i += V.Lanes)
            V.Fma(V.Load(x + i), V.Load(scale + i), V.Load(shift + i)).Store(y + i);
        return i;
    }

    private static int Reals<V>(float* x, int count, float factor, float offset, float* y) where V : struct, IVector<V>
    {
        V a = V.Broadcast(&factor), b = V.Broadcast(&offset);
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
            V.Fma(V.Load(x + i), a, b).Store(y + i);
        return i;
    }

    private static int Bytes512(byte* x, int count, float factor, float offset, float* y)
    {
        Vector512<float> a = Vector512.Create(factor), b = Vector512.Create(offset);
        int i = 0;
        for (; i <= count - 16; i += 16)
        {
            Vector128<byte> v = Vector128.Load(x + i);
            Vector512<int> wide = Avx512F.IsSupported ? Avx512F.ConvertToVector512Int32(v) : Vector512.Create(Widen(v.GetLower()), Widen(v.GetUpper()));
            Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(wide), a, b).Store(y + i);
        }
        return i;
    }

    private static int Bytes256(byte* x, int count, float factor, float offset, float* y)
    {
        Vector256<float> a = Vector256.Create(factor), b = Vector256.Create(offset);
        int i = 0;
        for (; i <= count - 8; i += 8)
            Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(Widen(Vector64.Load(x + i))), a, b).Store(y + i);
        return i;
    }

    private static int Bytes128(byte* x, int count, float factor, float offset, float* y)
    {
        Vector128<float> a = Vector128.Create(factor), b = Vector128.Create(offset);
        int i = 0;
        for (; i <= count - 8; i += 8)
        {
            Vector128<ushort> half = Vector128.WidenLower(Vector128.Create(Vector64.Load(x + i), Vector64<byte>.Zero));
            (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(half);
            Vector128.FusedMultiplyAdd(Vector128.ConvertToSingle(low.AsInt32()), a, b).Store(y + i);
            Vector128.FusedMultiplyAdd(Vector128.ConvertToSingle(high.AsInt32()), a, b).Store(y + i + 4);
        }
        return i;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Widen(Vector64<byte> v)
    {
        Vector128<byte> whole = Vector128.Create(v, Vector64<byte>.Zero);
        if (Avx2.IsSupported)
            return Avx2.ConvertToVector256Int32(whole);
        (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(Vector128.WidenLower(whole));
        return Vector256.Create(low, high).AsInt32();
    }
}
