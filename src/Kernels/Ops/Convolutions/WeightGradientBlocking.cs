using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// How a weight gradient is cut into tasks and each task for the caches. The batch is cut into splits whose sums are added
/// at the end, in order; their number follows from the sizes of the problem, so that the bits do not depend on the threads.
/// </summary>
internal sealed class WeightGradientBlocking
{
    private const int MostColumns = 1280;

    // Pixels and incoming gradients of a chunk: 256 and 512 KiB of a second-level cache of 1 MiB.
    private const int PixelFloats = 65536;
    private const int GradientFloats = 131072;

    // Vectors that a tile of dot products runs over: enough to hide that 24 vectors are summed at the end.
    private const int EnoughVectors = 100;

    private const int EnoughTasks = 32;
    private const int FewestFilters = 32;

    // All splits' sums together: 8 MiB.
    private const int SumFloats = 2 << 20;

    public WeightGradientBlocking(ConvSizes z, IReadOnlyCollection<Tap> taps)
    {
        (BandRows, BandColumns) = BandOf(z.P, z.Q);
        RowBands = (z.P + BandRows - 1) / BandRows;
        ColumnBands = (z.Q + BandColumns - 1) / BandColumns;
        Runs = checked(z.N * RowBands * ColumnBands);
        Layout = new PixelLayout((z.H, z.W), z.Geometry.Stride, taps, BandRows, BandColumns, ColumnBands == 1);
        Vectors = (Layout.ColumnsOf(BandRows, BandColumns) + Lanes - 1) / Lanes;

        Rows = z.GroupK == 1 ? 1 : DotKernel.Rows;
        int rowsOfGroup = (z.GroupK + Rows - 1) / Rows * Rows;
        int most = Math.Max(1, Math.Min(PixelFloats / Layout.PlaneLength, GradientFloats / (rowsOfGroup * Vectors * Lanes)));
        RunsPerChunk = Math.Clamp((EnoughVectors + Vectors - 1) / Vectors, 1, Math.Min(most, Runs));
        Chunks = (Runs + RunsPerChunk - 1) / RunsPerChunk;
        Channels = Math.Clamp(PixelFloats / (RunsPerChunk * Layout.PlaneLength), 1, z.GroupC);

        int wanted = (EnoughTasks + z.Geometry.Groups - 1) / z.Geometry.Groups;
        Splits = Math.Clamp(wanted, 1, (int)Math.Clamp(SumFloats / z.Weights.Length, 1, Chunks));
        int parts = Math.Clamp((wanted + Splits - 1) / Splits, 1, Math.Max(1, z.GroupK / FewestFilters));
        RowsPerTask = (((z.GroupK + parts - 1) / parts) + Rows - 1) / Rows * Rows;
        Parts = (z.GroupK + RowsPerTask - 1) / RowsPerTask;
    }

    public static int Lanes => Simd.Bits / 32;

    public PixelLayout Layout { get; }

    /// <summary>Rows and columns of the output in a run.</summary>
    public int BandRows { get; }

    public int BandColumns { get; }

    public int RowBands { get; }

    public int ColumnBands { get; }

    /// <summary>Parts of images in the batch.</summary>
    public int Runs { get; }

    /// <summary>Vectors of columns in a run.</summary>
    public int Vectors { get; }

    /// <summary>Runs that are laid out at a time.</summary>
    public int RunsPerChunk { get; }

    public int Chunks { get; }

    /// <summary>Channels that are laid out at a time.</summary>
    public int Channels { get; }

    /// <summary>Filters of a tile.</summary>
    public int Rows { get; }

    /// <summary>Filters of a task, a multiple of <see cref="Rows"/>.</summary>
    public int RowsPerTask { get; }

    /// <summary>Tasks that share the filters of a group.</summary>
    public int Parts { get; }

    /// <summary>Parts of the batch with sums of their own.</summary>
    public int Splits { get; }

    private static (int Rows, int Columns) BandOf(int rows, int columns)
    {
        if (columns > MostColumns)
            return (1, MostColumns);
        int bands = (rows + (MostColumns / columns) - 1) / (MostColumns / columns);
        return ((rows + bands - 1) / bands, columns);
    }
}
