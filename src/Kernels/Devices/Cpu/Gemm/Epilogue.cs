using System.Runtime.Intrinsics;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Reductions;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>Epilogue of a GEMM, applied to finished tiles of C: a bias, then an elementwise op of C and other tensors of its layout.</summary>
internal sealed unsafe class Epilogue
{
    /// <summary>A bias for each row of C, or null.</summary>
    public float* RowBias { get; init; }

    /// <summary>A bias for each column of C, or null.</summary>
    public float* ColumnBias { get; init; }

    /// <summary>The elementwise op, or null.</summary>
    public MapOp? Map { get; init; }

    /// <summary>The index of C among the op's inputs.</summary>
    public int Position { get; init; }

    /// <summary>The op's other inputs, in order, with the layout of C.</summary>
    public float* Other0 { get; init; }

    public float* Other1 { get; init; }

    public bool IsEmpty => RowBias is null && ColumnBias is null && Map is null;

    /// <summary>Whether the op's only input is C, so that it can be applied to a copy of C's elements anywhere.</summary>
    public bool IsUnary => Map is not null && Other0 is null;

    /// <summary>Applies the epilogue to one row of a tile; <paramref name="offset"/> is its offset in C.</summary>
    public void Apply(float* c, int row, int column, int count, long offset)
    {
        if (RowBias is not null)
            AddToAll(RowBias[row], c, count);
        if (ColumnBias is not null)
            Sums.AddTo(ColumnBias + column, c, count);
        if (Map is not null)
            ApplyMap(c, count, offset);
    }

    /// <summary>Applies only the elementwise op.</summary>
    public void ApplyMap(float* c, int count, long offset)
    {
        float* first = Other0 is null ? c : Other0 + offset;
        float* second = Other1 is null ? c : Other1 + offset;
        switch (Position)
        {
            case 0:
                Map!.ApplyCpu(c, first, second, c, count);
                break;
            case 1:
                Map!.ApplyCpu(first, c, second, c, count);
                break;
            default:
                Map!.ApplyCpu(first, second, c, c, count);
                break;
        }
    }

    private static void AddToAll(float value, float* c, int count)
    {
        int i = 0;
        for (; i <= count - 8; i += 8)
            Vector256.Store(Vector256.Load(c + i) + Vector256.Create(value), c + i);
        for (; i < count; i++)
            c[i] += value;
    }
}
