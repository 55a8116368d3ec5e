using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// C = A·B for an A of few rows: each element of B is used so few times that packing would cost more than the GEMM. B is
/// read once, in place: by dot products if its columns are contiguous, else as a sum of its rows.
/// </summary>
internal sealed unsafe class RowGemm
{
    /// <summary>Rows of A up to which this is faster than packing.</summary>
    public const int MostRows = 4;

    private const int Together = 8; // columns whose dot products are interleaved, to hide latency
    private const int BlockVectors = 8; // vectors per block of a row of B

    private readonly CpuBinding binding;
    private readonly int m;
    private readonly int n;
    private readonly int k;

    public RowGemm(CpuBinding binding, int m, int n, int k) => (this.binding, this.m, this.n, this.k) = (binding, m, n, k);

    public required Factor A { get; init; }

    public required Factor B { get; init; }

    /// <summary>[M, N].</summary>
    public required float* C { get; init; }

    public Epilogue? Epilogue { get; init; }

    public void AddPhases()
    {
        // Rows of A are packed if they are not contiguous.
        ScratchRegion? rows = !A.IsAdjacent ? null : binding.Scratch((long)m * k);
        if (rows is not null)
            binding.Serial(() => Transpose.Run(A.At(0, 0), A.Step, rows.Pointer, k, k, m));
        int unit = !B.IsAdjacent ? Together : BlockVectors * Simd.Lanes;
        binding.Parallel((n + unit - 1) / unit, (begin, end, _) =>
        {
            float* a = rows is null ? A.At(0, 0) : rows.Pointer;
            nint stride = rows is null ? A.Line : k;
            for (int column = begin * unit; column < Math.Min(end * unit, n); column += unit)
            {
                int width = Math.Min(unit, n - column);
                for (int row = 0; row < m; row++)
                    Multiply(a + (row * stride), column, width, row);
            }
        }, grain: Math.Max(1, 32768 / (unit * k)));
    }

    private void Multiply(float* a, int column, int width, int row)
    {
        long offset = ((long)row * n) + column;
        if (B.IsAdjacent)
            SumRows(a, B.At(column, 0), width, C + offset);
        else
        {
            for (int j = 0; j < width; j += Together)
                Dots(a, B.At(column + j, 0), width - j, C + offset + j);
        }
        if (Epilogue is { IsEmpty: false })
            Epilogue.Apply(C + offset, row, column, width, offset);
    }

    private void Dots(float* a, float* b, int count, float* c)
    {
        if (Simd.Is512)
            Dots<V512>(a, b, B.Line, Math.Min(count, Together), k, c);
        else if (Simd.Is256)
            Dots<V256>(a, b, B.Line, Math.Min(count, Together), k, c);
        else
            Dots<V128>(a, b, B.Line, Math.Min(count, Together), k, c);
    }

    private void SumRows(float* a, float* b, int count, float* c)
    {
        if (Simd.Is512)
            SumRows<V512>(a, b, B.Step, count, k, c);
        else if (Simd.Is256)
            SumRows<V256>(a, b, B.Step, count, k, c);
        else
            SumRows<V128>(a, b, B.Step, count, k, c);
    }

    // Missing rows are computed as copies of the last one and not stored.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dots<V>(float* a, float* b, nint stride, int count, int k, float* c) where V : struct, IVector<V>
    {
        float** r = stackalloc float*[Together];
        for (int j = 0; j < Together; j++)
            r[j] = b + (Math.Min(j, count - 1) * stride);
        float* b0 = r[0], b1 = r[1], b2 = r[2], b3 = r[3], b4 = r[4], b5 = r[5], b6 = r[6], b7 = r[7];
        V s0 = V.Of(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
        nint i = 0;
        for (; i <= k - V.Lanes; i += V.Lanes)
        {
            V x = V.Load(a + i);
            s0 = V.Fma(x, V.Load(b0 + i), s0); s1 = V.Fma(x, V.Load(b1 + i), s1);
            s2 = V.Fma(x, V.Load(b2 + i), s2); s3 = V.Fma(x, V.Load(b3 + i), s3);
            s4 = V.Fma(x, V.Load(b4 + i), s4); s5 = V.Fma(x, V.Load(b5 + i), s5);
            s6 = V.Fma(x, V.Load(b6 + i), s6); s7 = V.Fma(x, V.Load(b7 + i), s7);
        }
        float* sums = stackalloc float[Together];
        (sums[0], sums[1], sums[2], sums[3]) = (s0.Sum(), s1.Sum(), s2.Sum(), s3.Sum());
        (sums[4], sums[5], sums[6], sums[7]) = (s4.Sum(), s5.Sum(), s6.Sum(), s7.Sum());
        for (int j = 0; j < count; j++)
        {
            for (nint rest = i; rest < k; rest++)
                sums[j] += a[rest] * r[j][rest];
            c[j] = sums[j];
        }
    }

    // c = Σ a[i] · row i of b, a block of columns at a time in registers; the tail of columns one by one.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumRows<V>(float* a, float* b, nint stride, int count, int k, float* c) where V : struct, IVector<V>
    {
        int lanes = V.Lanes;
        if (count == BlockVectors * lanes)
        {
            V s0 = V.Of(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
            float* row = b;
            for (nint i = 0; i < k; i++, row += stride)
            {
                V x = V.Broadcast(a + i);
                s0 = V.Fma(x, V.Load(row), s0); s1 = V.Fma(x, V.Load(row + lanes), s1);
                s2 = V.Fma(x, V.Load(row + (2 * lanes)), s2); s3 = V.Fma(x, V.Load(row + (3 * lanes)), s3);
                s4 = V.Fma(x, V.Load(row + (4 * lanes)), s4); s5 = V.Fma(x, V.Load(row + (5 * lanes)), s5);
                s6 = V.Fma(x, V.Load(row + (6 * lanes)), s6); s7 = V.Fma(x, V.Load(row + (7 * lanes)), s7);
            }
            s0.Store(c); s1.Store(c + lanes); s2.Store(c + (2 * lanes)); s3.Store(c + (3 * lanes));
            s4.Store(c + (4 * lanes)); s5.Store(c + (5 * lanes)); s6.Store(c + (6 * lanes)); s7.Store(c + (7 * lanes));
            return;
        }
        int column = 0;
        for (; column <= count - lanes; column += lanes)
        {
            V sum = V.Of(0);
            for (nint i = 0; i < k; i++)
                sum = V.Fma(V.Broadcast(a + i), V.Load(b + (i * stride) + column), sum);
            sum.Store(c + column);
        }
        for (; column < count; column++)
        {
            float sum = 0;
            for (nint i = 0; i < k; i++)
                sum += a[i] * b[(i * stride) + column];
            c[column] = sum;
        }
    }
}
