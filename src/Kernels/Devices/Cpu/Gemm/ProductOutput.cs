using GpuGrad.Kernels.Ops.Elementwise;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>What happens to a finished tile: a bias, then an elementwise op over the tile and tensors of the same layout.</summary>
internal sealed unsafe class Epilogue
{
    /// <summary>A number for each row of C, or null.</summary>
    public float* RowBias { get; init; }

    /// <summary>A number for each column of C, or null.</summary>
    public float* ColumnBias { get; init; }

    /// <summary>The function, or null.</summary>
    public MapOp? Map { get; init; }

    /// <summary>Which input of the function the product is.</summary>
    public int Position { get; init; }

    /// <summary>The function's other inputs, in order; each laid out as C.</summary>
    public float* Other0 { get; init; }

    public float* Other1 { get; init; }

    public bool IsEmpty => RowBias is null && ColumnBias is null && Map is null;

    /// <summary>Applies to one row of a tile; <paramref name="offset"/> is where it stands in C.</summary>
    public void Apply(float* c, int row, int column, int count, long offset)
    {
        if (RowBias is not null)
        {
            float bias = RowBias[row];
            for (int i = 0; i < count; i++)
                c[i] += bias;
        }
        if (ColumnBias is not null)
        {
            for (int i = 0; i < count; i++)
                c[i] += ColumnBias[column + i];
        }
        if (Map is not null)
            ApplyMap(c, count, offset);
    }

    private void ApplyMap(float* c, int count, long offset)
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
}

/// <summary>Where the elements of C lie: row r, column j at <c>r·RowStride + offset(j)</c>, columns grouped into runs.</summary>
/// <remarks>
/// A matrix is one run. The output of a convolution [N, K, P·Q], as a matrix of K rows and N·P·Q columns, is N runs of P·Q
/// columns that lie <c>RunStride</c> apart.
/// </remarks>
internal readonly unsafe struct OutputLayout(float* data, int rowStride, int runLength, long runStride)
{
    public readonly float* Data = data;
    public readonly int RowStride = rowStride;
    public readonly int RunLength = runLength;
    public readonly long RunStride = runStride;

    public static OutputLayout Matrix(float* data, int columns) => new(data, columns, columns, 0);

    /// <summary>Offset of a column in row 0, and how many columns from there on lie in one piece.</summary>
    public long OffsetOf(int column, out int contiguous)
    {
        int run = column / RunLength, inRun = column % RunLength;
        contiguous = RunLength - inRun;
        return (run * RunStride) + inRun;
    }
}
