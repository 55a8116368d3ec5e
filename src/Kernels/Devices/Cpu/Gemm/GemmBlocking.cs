namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>Partition of a GEMM into tasks, tiles and blocks of k.</summary>
internal sealed class GemmBlocking
{
    /// <summary>Up to this many rows, one task computes all rows of C.</summary>
    public const int MostRowsOfOne = 192;

    // A panel of B, 400·32 floats (50 KiB), streams through the first-level cache while 192·400 floats of A (300 KiB) stay in the second.
    private const int MostSteps = 400;
    private const int MostRows = 144;
    private const int MostColumns = 256;
    private const int FewestTiles = 4; // tiles of rows per task, so that a panel of B is used often enough
    private const double FewestFlops = 1e6; // per task: about 5 µs

    private readonly int rowTasks;
    private readonly int columnTasks;

    public GemmBlocking(int m, int n, int k, int workers)
    {
        (M, N, K) = (m, n, k);
        GemmTile low = MicroKernel.Low, wide = MicroKernel.Wide;
        // The wide tile reads less, so up to 2 % of wasted rows are accepted.
        Tile = Count(m, low.Rows) * low.Rows * 1.02 < Count(m, wide.Rows) * wide.Rows ? low : wide;
        int stepBlocks = Count(k, MostSteps);
        Steps = Count(Count(k, stepBlocks), CacheLine.Floats) * CacheLine.Floats;
        int rowTiles = Count(m, Tile.Rows), panels = Count(n, Tile.Columns);
        rowTasks = m <= MostRowsOfOne ? 1 : Count(m, MostRows);
        columnTasks = Count(n, MostColumns);
        // Four tasks per worker, so that losing a core for a moment costs little.
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

    /// <summary>Steps of k per block.</summary>
    public int Steps { get; }

    public int Tasks => checked(rowTasks * columnTasks);

    /// <summary>The part of C that a task computes; consecutive tasks share columns of B.</summary>
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

    // Equal shares in whole tiles: seven tasks of 144 rows and one of 16 would take as long as eight of 144.
    private static int Begin(int share, int shares, int length, int unit) =>
        Math.Min(length, (int)((long)Count(length, unit) * share / shares) * unit);

    private static int Count(int length, int unit) => (int)(((long)length + unit - 1) / unit);
}
