namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>Partition of a GEMM into tasks, tiles and blocks of k.</summary>
internal sealed class GemmBlocking
{
    /// <summary>Up to so many rows stand in one task.</summary>
    public const int MostRowsOfOne = 192;

    // 400·32 floats of a panel of B (50 KiB) pass through the first-level cache while 192·400 of A (300 KiB) stay in the second.
    private const int MostSteps = 400;
    private const int MostRows = 144;
    private const int MostColumns = 256;
    private const int FewestTiles = 4; // of rows in a task: a panel of B is worth fetching
    private const double FewestFlops = 1e6; // of a task: about 5 µs

    private readonly int rowTasks;
    private readonly int columnTasks;

    public GemmBlocking(int m, int n, int k, int workers)
    {
        (M, N, K) = (m, n, k);
        GemmTile low = MicroKernel.Low, wide = MicroKernel.Wide;
        // A wide tile reads less, so a few rows that are computed for nothing are forgiven.
        Tile = Count(m, low.Rows) * low.Rows * 1.02 < Count(m, wide.Rows) * wide.Rows ? low : wide;
        int stepBlocks = Count(k, MostSteps);
        Steps = Count(Count(k, stepBlocks), CacheLine.Floats) * CacheLine.Floats;
        int rowTiles = Count(m, Tile.Rows), panels = Count(n, Tile.Columns);
        rowTasks = m <= MostRowsOfOne ? 1 : Count(m, MostRows);
        columnTasks = Count(n, MostColumns);
        // Four tasks a worker, so that a core that was taken away for a moment does not count.
        double flops = 2.0 * rowTiles * Tile.Rows * panels * Tile.Columns * k;
        while (Tasks < 4 * workers && flops / Tasks >= 2 * FewestFlops)
        {
            if (columnTasks < panels)
                columnTasks = Math.Min(panels, 2 * columnTasks);
            else if (2 * FewestTiles * rowTasks <= rowTiles)
                rowTasks *= 2;
            else
                break;
        }
    }

    public int M { get; }

    public int N { get; }

    public int K { get; }

    /// <summary>The tile that computes most of C.</summary>
    public GemmTile Tile { get; }

    /// <summary>Steps of a block.</summary>
    public int Steps { get; }

    public int Tasks => checked(rowTasks * columnTasks);

    /// <summary>The part of C that a task computes; tasks one behind the other share columns of B.</summary>
    public (int Row, int EndRow, int Column, int EndColumn) this[int task]
    {
        get
        {
            (int column, int row) = Math.DivRem(task, rowTasks);
            return (RowOf(row), RowOf(row + 1), ColumnOf(column), ColumnOf(column + 1));
        }
    }

    private int RowOf(int rowTask) => Begin(rowTask, rowTasks, M, Tile.Rows);

    private int ColumnOf(int columnTask) => Begin(columnTask, columnTasks, N, Tile.Columns);

    // Equal shares in whole tiles: seven tasks of 144 rows and one of 16 would be eight for the clock.
    private static int Begin(int share, int shares, int length, int unit) =>
        Math.Min(length, (int)((long)Count(length, unit) * share / shares) * unit);

    private static int Count(int length, int unit) => (int)(((long)length + unit - 1) / unit);
}
