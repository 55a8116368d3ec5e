namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>How a product is cut into tasks, tiles and blocks of steps.</summary>
internal sealed class ProductBlocking
{
    // 400·32 floats of a panel of B (50 KiB) pass through the first-level cache while 192·400 of A (300 KiB) stay in the second.
    private const int MostSteps = 400;
    private const int MostRows = 144;
    private const int MostRowsOfOne = 192;
    private const int MostColumns = 256;
    private const double FewestFlops = 3e6; // of a task: about 15 µs

    private readonly int n;
    private readonly int rowsPerTask;
    private readonly int columnsPerTask;
    private readonly int rowTasks;

    public ProductBlocking(int m, int n, int k, int workers)
    {
        (M, this.n, K) = (m, n, k);
        ProductTile low = MicroKernel.Low, wide = MicroKernel.Wide;
        // A wide tile reads less, so a few rows that are computed for nothing are forgiven.
        Tile = Whole(m, low.Rows) * 1.02 < Whole(m, wide.Rows) ? low : wide;
        Steps = Share(k, MostSteps, CacheLine.Floats);
        int rows = m <= MostRowsOfOne ? Whole(m, Tile.Rows) : Share(m, MostRows, Tile.Rows), columns = Share(n, MostColumns, Tile.Columns);
        // Four tasks a worker, so that a core that was taken away for a moment does not count.
        while (TasksOf(rows, columns) < 4 * workers && 2.0 * rows * columns * k >= 2 * FewestFlops && (columns > Tile.Columns || rows > 4 * Tile.Rows))
        {
            if (columns > Tile.Columns)
                columns = Whole((columns + 1) / 2, Tile.Columns);
            else
                rows = Whole((rows + 1) / 2, Tile.Rows);
        }
        (rowsPerTask, columnsPerTask, rowTasks) = (rows, columns, (m + rows - 1) / rows);
        Tasks = TasksOf(rows, columns);
    }

    public int M { get; }

    public int N => n;

    public int K { get; }

    /// <summary>The tile that computes most of C.</summary>
    public ProductTile Tile { get; }

    /// <summary>Steps of a block.</summary>
    public int Steps { get; }

    public int Tasks { get; }

    /// <summary>The part of C that a task computes. Tasks behind each other share columns of B.</summary>
    public (int Row, int EndRow, int Column, int EndColumn) this[int task]
    {
        get
        {
            (int column, int row) = Math.DivRem(task, rowTasks);
            (row, column) = (row * rowsPerTask, column * columnsPerTask);
            return (row, Math.Min(M, row + rowsPerTask), column, Math.Min(n, column + columnsPerTask));
        }
    }

    private int TasksOf(int rows, int columns) => checked((M + rows - 1) / rows * ((n + columns - 1) / columns));

    private static int Whole(int count, int unit) => checked((count + unit - 1) / unit * unit);

    // Equal shares of at most so many, in whole units: seven blocks of 144 rows and one of 16 would be 8 for the clock.
    private static int Share(int count, int most, int unit)
    {
        int shares = (count + most - 1) / most;
        return Math.Min(Whole((count + shares - 1) / shares, unit), Whole(count, unit));
    }
}
