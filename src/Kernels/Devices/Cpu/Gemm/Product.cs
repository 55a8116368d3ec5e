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

    /// <summary>[M, N].</summary>
    public required float* C { get; init; }

    public Epilogue? Epilogue { get; init; }

    /// <summary>
    /// Both operands are packed by all workers, then all workers share them. Each step block is two phases.
    /// </summary>
    public void AddPhases()
    {
        if (m <= RowProduct.MostRows && k > 1)
        {
            new RowProduct(binding, m, n, k) { A = A, B = B, C = C, Epilogue = Epilogue }.AddPhases();
            return;
        }
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
                    C, n, accumulate: k0 > 0, last && Epilogue is { IsEmpty: false } ? Epilogue : null);
            }
        });
    }
}
