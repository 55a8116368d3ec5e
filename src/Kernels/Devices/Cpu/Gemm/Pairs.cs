using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>Deinterleaves and interleaves floats, a vector at a time.</summary>
internal static unsafe class Pairs
{
    /// <summary>Loads two vectors' worth of floats and splits them into the even and the odd ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<V>(float* source, out V even, out V odd) where V : struct, IVector<V>
    {
        if (typeof(V) == typeof(V512))
        {
            Vector512<float> low = Vector512.Load(source), high = Vector512.Load(source + 16);
            Vector512<int> evens = Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            even = Unsafe.BitCast<V512, V>(new V512(Permute(low, evens, high)));
            odd = Unsafe.BitCast<V512, V>(new V512(Permute(low, evens | Vector512<int>.One, high)));
            return;
        }
        if (typeof(V) == typeof(V256))
        {
            Vector256<int> order = Vector256.Create(0, 2, 4, 6, 1, 3, 5, 7);
            Vector256<float> low = Vector256.Shuffle(Vector256.Load(source), order), high = Vector256.Shuffle(Vector256.Load(source + 8), order);
            even = Unsafe.BitCast<V256, V>(new V256(Vector256.Create(low.GetLower(), high.GetLower())));
            odd = Unsafe.BitCast<V256, V>(new V256(Vector256.Create(low.GetUpper(), high.GetUpper())));
            return;
        }
        if (Sse.IsSupported)
        {
            Vector128<float> left = Vector128.Load(source), right = Vector128.Load(source + 4);
            even = Unsafe.BitCast<V128, V>(new V128(Sse.Shuffle(left, right, 0b10_00_10_00)));
            odd = Unsafe.BitCast<V128, V>(new V128(Sse.Shuffle(left, right, 0b11_01_11_01)));
            return;
        }
        if (AdvSimd.Arm64.IsSupported)
        {
            Vector128<float> left = Vector128.Load(source), right = Vector128.Load(source + 4);
            even = Unsafe.BitCast<V128, V>(new V128(AdvSimd.Arm64.UnzipEven(left, right)));
            odd = Unsafe.BitCast<V128, V>(new V128(AdvSimd.Arm64.UnzipOdd(left, right)));
            return;
        }
        Vector128<int> halves = Vector128.Create(0, 2, 1, 3);
        Vector128<float> first = Vector128.Shuffle(Vector128.Load(source), halves), second = Vector128.Shuffle(Vector128.Load(source + 4), halves);
        even = Unsafe.BitCast<V128, V>(new V128(Vector128.Create(first.GetLower(), second.GetLower())));
        odd = Unsafe.BitCast<V128, V>(new V128(Vector128.Create(first.GetUpper(), second.GetUpper())));
    }

    // V512 is used only on machines with AVX-512.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Permute(Vector512<float> low, Vector512<int> order, Vector512<float> high) =>
        Avx512F.PermuteVar16x32x2(low, order, high);
}
