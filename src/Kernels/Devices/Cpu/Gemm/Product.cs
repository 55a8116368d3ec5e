namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// C [M, N] = A [M, K] · B [K, N], as phases of a plan: blocked for the caches, packed, split over the team. The order in
/// which the K products of an element are added depends on the sizes alone.
/// </summary>
internal sealed unsafe class Product
{
    // kc·nr floats of a panel of B (48 KiB at 32 columns) pass through the first-level cache while an mc·kc block of A
    // (216 KiB) stays in the second.
    private const int StepsPerBlock = 384;
    private const int RowsPerBlock = 144;
    private const int ColumnsPerTask = 256;

    private readonly CpuBinding binding;
    private readonly int m;
    private readonly int n;
    private readonly int k;

    public Product(CpuBinding binding, int m, int n, int k) => (this.binding, this.m, this.n, this.k) = (binding, m, n, k);

    public required PanelSource A { get; init; }

    public required PanelSource B { get; init; }

    public required OutputLayout Output { get; init; }

    public Epilogue? Epilogue { get; init; }

    /// <summary>
    /// For matrices: both operands are packed by all workers, then all workers share them. Each step block is two phases.
    /// </summary>
    public void AddShared()
    {
        int mr = MicroKernel.Rows, nr = MicroKernel.Columns;
        int aPanels = (m + mr - 1) / mr, bPanels = (n + nr - 1) / nr;
        int block = Math.Min(k, StepsPerBlock);
        ScratchRegion a = binding.Scratch((long)aPanels * mr * block);
        ScratchRegion b = binding.Scratch((long)bPanels * nr * block);
        for (int k0 = 0; k0 < k; k0 += StepsPerBlock)
        {
            int start = k0, kc = Math.Min(StepsPerBlock, k - k0);
            binding.Parallel(aPanels + bPanels, (begin, end, _) =>
            {
                for (int p = begin; p < end; p++)
                {
                    if (p < aPanels)
                        A.Pack(p * mr, Math.Min(mr, m - (p * mr)), mr, start, kc, a.Pointer + ((long)p * mr * kc));
                    else
                        B.Pack((p - aPanels) * nr, Math.Min(nr, n - ((p - aPanels) * nr)), nr, start, kc, b.Pointer + ((long)(p - aPanels) * nr * kc));
                }
            }, grain: 4);
            AddMultiply(a, b, start, kc);
        }
    }

    private void AddMultiply(ScratchRegion a, ScratchRegion b, int k0, int kc)
    {
        // Fewer rows a block where there are too few blocks for the team.
        int mr = MicroKernel.Rows;
        int rowsPerTask = m >= 2 * RowsPerBlock ? RowsPerBlock : Math.Max(mr, (((m + 1) / 2) + mr - 1) / mr * mr);
        int columnsPerTask = ColumnsPerTask / MicroKernel.Columns * MicroKernel.Columns;
        int rowTasks = (m + rowsPerTask - 1) / rowsPerTask, columnTasks = (n + columnsPerTask - 1) / columnsPerTask;
        bool last = k0 + kc == k;
        binding.Parallel(rowTasks * columnTasks, (begin, end, _) =>
        {
            for (int task = begin; task < end; task++)
            {
                int row = task / columnTasks * rowsPerTask, column = task % columnTasks * columnsPerTask;
                BlockProduct.Run(
                    a.Pointer + ((long)row * kc), b.Pointer + ((long)column * kc), kc,
                    row, Math.Min(rowsPerTask, m - row), column, Math.Min(columnsPerTask, n - column),
                    Output, accumulate: k0 > 0, last && Epilogue is { IsEmpty: false } ? Epilogue : null);
            }
        });
    }

    /// <summary>
    /// For convolutions: A (the filters) is packed once and shared; each task packs a few columns of B (pixels) for itself
    /// and multiplies them with all of A, so that the unfolded image never exists as a whole.
    /// </summary>
    public void AddStreamed()
    {
        int mr = MicroKernel.Rows, nr = MicroKernel.Columns;
        int aPanels = (m + mr - 1) / mr;
        int columnsPerTask = ColumnsPerTask / nr * nr;
        int tasks = (n + columnsPerTask - 1) / columnsPerTask;
        ScratchRegion a = binding.Scratch((long)aPanels * mr * k);
        int block = Math.Min(k, StepsPerBlock);
        long bSize = (long)columnsPerTask * block;
        ScratchRegion b = binding.Scratch(bSize * binding.Workers);
        binding.Parallel(aPanels, (begin, end, _) =>
        {
            for (int p = begin; p < end; p++)
            {
                for (int k0 = 0; k0 < k; k0 += StepsPerBlock)
                {
                    int kc = Math.Min(StepsPerBlock, k - k0);
                    A.Pack(p * mr, Math.Min(mr, m - (p * mr)), mr, k0, kc, a.Pointer + ((long)aPanels * mr * k0) + ((long)p * mr * kc));
                }
            }
        }, grain: 2);
        binding.Parallel(tasks, (begin, end, worker) =>
        {
            for (int task = begin; task < end; task++)
                Stream(task * columnsPerTask, Math.Min(columnsPerTask, n - (task * columnsPerTask)), a.Pointer, b.Pointer + (bSize * worker));
        });
    }

    private void Stream(int column, int columns, float* a, float* b)
    {
        int nr = MicroKernel.Columns, mr = MicroKernel.Rows;
        int aRows = (m + mr - 1) / mr * mr;
        for (int k0 = 0; k0 < k; k0 += StepsPerBlock)
        {
            int kc = Math.Min(StepsPerBlock, k - k0);
            for (int j = 0; j < columns; j += nr)
                B.Pack(column + j, Math.Min(nr, columns - j), nr, k0, kc, b + ((long)j * kc));
            bool last = k0 + kc == k;
            BlockProduct.Run(
                a + ((long)aRows * k0), b, kc, 0, m, column, columns, Output, accumulate: k0 > 0,
                last && Epilogue is { IsEmpty: false } ? Epilogue : null);
        }
    }
}
