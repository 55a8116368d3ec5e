using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>
/// Blocks of scores in a worker's own memory. Factors are packed into it before they are multiplied, so that whole register tiles may read and
/// write beyond the sizes in use; the surplus is never used.
/// </summary>
internal static unsafe class AttentionTile
{
    /// <summary>Queries, and keys, per block of scores: 64×64 floats fit in the L1 cache together with their inputs.</summary>
    public const int Block = 64;

    private static readonly GemmTile Tile = MicroKernel.Low;

    /// <summary>Rows of scores computed together.</summary>
    public static int Rows => Tile.Rows;

    /// <summary>Row stride of a block of scores, in floats.</summary>
    public static readonly int Line = Math.Max(Whole(Block, Tile.Rows), Whole(Block, Tile.Columns));

    /// <summary>Number of rows in the whole tiles of a block.</summary>
    public static readonly int BlockRows = Whole(Block, Tile.Rows);

    /// <summary>Row stride of packed rows of a head's width, in floats.</summary>
    public static int LineOf(int width) => Whole(width, Tile.Columns);

    /// <summary>A tile's rows of c (+)= a·b.</summary>
    /// <param name="columns">Needed columns of c and b.</param>
    /// <param name="steps">Number of columns of a and rows of b.</param>
    /// <param name="a">Left factor.</param>
    /// <param name="aRow">Row stride of a, in floats.</param>
    /// <param name="aStep">Column stride of a, in floats.</param>
    /// <param name="b">Right factor.</param>
    /// <param name="bRow">Row stride of b, in floats.</param>
    /// <param name="c">The result.</param>
    /// <param name="cRow">Row stride of c, in floats.</param>
    /// <param name="add">Whether to add to c.</param>
    public static void Multiply(int columns, int steps, float* a, nint aRow, nint aStep, float* b, nint bRow, float* c, nint cRow, bool add)
    {
        for (int column = 0; column < columns; column += Tile.Columns)
            Tile.Run(steps, a, aRow, aStep, b + column, bRow, c + column, cRow, add);
    }

    /// <summary>Packs rows, multiplied by a factor.</summary>
    public static void Pack(float* source, nint sourceRow, int rows, int width, float* target, nint targetRow, float factor = 1)
    {
        for (int row = 0; row < rows; row++, source += sourceRow, target += targetRow)
        {
            if (factor == 1)
                new ReadOnlySpan<float>(source, width).CopyTo(new Span<float>(target, width));
            else
                AttentionRows.Scale(source, factor, target, width);
        }
    }

    /// <summary>Sets rows to zero.</summary>
    public static void Clear(float* target, nint targetRow, int rows, int width)
    {
        for (int row = 0; row < rows; row++, target += targetRow)
            new Span<float>(target, width).Clear();
    }

    private static int Whole(int count, int of) => (count + of - 1) / of * of;
}

/// <summary>Operations on rows of scores, whose memory extends a vector beyond the used part.</summary>
internal static unsafe class AttentionRows
{
    // In the program's static data, which does not move.
    private static ReadOnlySpan<float> Counting => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    /// <summary>y = x·factor.</summary>
    public static void Scale(float* x, float factor, float* y, int count)
    {
        if (Simd.Is512)
            Scale<V512>(x, factor, y, count);
        else if (Simd.Is256)
            Scale<V256>(x, factor, y, count);
        else
            Scale<V128>(x, factor, y, count);
    }

    /// <summary>y = Σ factor·row over rows.</summary>
    public static void AddUp(float* factors, float* rows, nint line, int count, float* y, int width)
    {
        if (Simd.Is512)
            AddUp<V512>(factors, rows, line, count, y, width);
        else if (Simd.Is256)
            AddUp<V256>(factors, rows, line, count, y, width);
        else
            AddUp<V128>(factors, rows, line, count, y, width);
    }

    /// <summary>The maximum of the first <paramref name="count"/> scores; NaN if one is.</summary>
    public static float Max(float* s, int count) => Simd.Is512 ? Max<V512>(s, count) : Simd.Is256 ? Max<V256>(s, count) : Max<V128>(s, count);

    /// <summary>s[j] -= slope·|place - j|: scores decrease with the distance of the key from the query's position.</summary>
    public static void Recede(float* s, int count, float slope, int place)
    {
        if (Simd.Is512)
            Recede<V512>(s, count, slope, place);
        else if (Simd.Is256)
            Recede<V256>(s, count, slope, place);
        else
            Recede<V128>(s, count, slope, place);
    }

    /// <summary>s = e^(s - shift), and 0 from <paramref name="count"/> to <paramref name="end"/>; returns the sum.</summary>
    public static float Exp(float* s, int count, int end, float shift) =>
        Simd.Is512 ? Exp<V512>(s, count, end, shift) : Simd.Is256 ? Exp<V256>(s, count, end, shift) : Exp<V128>(s, count, end, shift);

    /// <summary>s = P = e^(s - logSum) and dp = P·(dp - delta), both 0 from <paramref name="count"/> to <paramref name="end"/>.</summary>
    public static void Gradient(float* s, float* dp, int count, int end, float logSum, float delta)
    {
        if (Simd.Is512)
            Gradient<V512>(s, dp, count, end, logSum, delta);
        else if (Simd.Is256)
            Gradient<V256>(s, dp, count, end, logSum, delta);
        else
            Gradient<V128>(s, dp, count, end, logSum, delta);
    }

    private static void Scale<V>(float* x, float factor, float* y, int count) where V : struct, IVector<V>
    {
        V f = V.Of(factor);
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
            (V.Load(x + i) * f).Store(y + i);
        for (; i < count; i++)
            y[i] = x[i] * factor;
    }

    private static void AddUp<V>(float* factors, float* rows, nint line, int count, float* y, int width) where V : struct, IVector<V>
    {
        int i = 0;
        for (; i <= width - V.Lanes; i += V.Lanes)
        {
            V sum = V.Of(0);
            for (int t = 0; t < count; t++)
                sum = V.Fma(V.Of(factors[t]), V.Load(rows + (t * line) + i), sum);
            sum.Store(y + i);
        }
        for (; i < width; i++)
        {
            y[i] = 0;
            for (int t = 0; t < count; t++)
                y[i] = MathF.FusedMultiplyAdd(factors[t], rows[(t * line) + i], y[i]);
        }
    }

    private static float Max<V>(float* s, int count) where V : struct, IVector<V>
    {
        Fill<V>(s, count, float.NegativeInfinity);
        V max = V.Load(s);
        for (int i = V.Lanes; i < count; i += V.Lanes)
            max = V.Max(max, V.Load(s + i));
        return max.MaxLane();
    }

    private static void Recede<V>(float* s, int count, float slope, int place) where V : struct, IVector<V>
    {
        V factor = V.Of(slope), step = V.Of(V.Lanes), distance = V.Of(place) - V.Load((float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Counting)));
        for (int i = 0; i < count; i += V.Lanes)
        {
            (V.Load(s + i) - (factor * V.Abs(distance))).Store(s + i);
            distance -= step;
        }
    }

    private static float Exp<V>(float* s, int count, int end, float shift) where V : struct, IVector<V>
    {
        Fill<V>(s, count, float.NegativeInfinity);
        V x = V.Of(shift), sum = V.Of(0);
        for (int i = 0; i < count; i += V.Lanes)
        {
            V e = V.Exp(V.Load(s + i) - x);
            e.Store(s + i);
            sum += e;
        }
        for (int i = count; i < end; i++)
            s[i] = 0;
        return sum.Sum();
    }

    private static void Gradient<V>(float* s, float* dp, int count, int end, float logSum, float delta) where V : struct, IVector<V>
    {
        V x = V.Of(logSum), d = V.Of(delta);
        for (int i = 0; i < count; i += V.Lanes)
        {
            V p = V.Exp(V.Load(s + i) - x);
            p.Store(s + i);
            (p * (V.Load(dp + i) - d)).Store(dp + i);
        }
        for (int i = count; i < end; i++)
            (s[i], dp[i]) = (0, 0);
    }

    // Fills the last vector beyond the row.
    private static void Fill<V>(float* s, int count, float value) where V : struct, IVector<V>
    {
        int end = (count + V.Lanes - 1) / V.Lanes * V.Lanes;
        for (int i = count; i < end; i++)
            s[i] = value;
    }
}
