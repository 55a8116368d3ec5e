using System.Runtime.Intrinsics;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Reductions;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>Epilogue of a finished tile: a bias, then an elementwise op over the tile and tensors of the same layout.</summary>
internal sealed unsafe class Epilogue
{
    /// <summary>A number for each row of C, or null.</summary>
    public float* RowBias { get; init; }

    /// <summary>A number for each column of C, or null.</summary>
    public float* ColumnBias { get; init; }

    /// <summary>The function, or null.</summary>
    public MapOp? Map { get; init; }

    /// <summary>Which input of the function C is.</summary>
    public int Position { get; init; }

    /// <summary>The function's other inputs, in order; each of the layout of C.</summary>
    public float* Other0 { get; init; }

    public float* Other1 { get; init; }

    public bool IsEmpty => RowBias is null && ColumnBias is null && Map is null;

    /// <summary>Whether there is a function, and it reads nothing but C: it can be applied wherever that lies.</summary>
    public bool IsUnary => Map is not null && Other0 is null;

    /// <summary>Applies to one row of a tile; <paramref name="offset"/> is where it stands in C.</summary>
    public void Apply(float* c, int row, int column, int count, long offset)
    {
        if (RowBias is not null)
            AddToAll(RowBias[row], c, count);
        if (ColumnBias is not null)
            Sums.AddTo(ColumnBias + column, c, count);
        if (Map is not null)
            ApplyMap(c, count, offset);
    }

    /// <summary>Applies the function alone.</summary>
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
