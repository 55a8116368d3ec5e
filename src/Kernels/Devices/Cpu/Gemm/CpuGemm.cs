namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>
/// C [M, N] = A [M, K] · B [K, N] as phases of a plan: blocked for the caches, and split among the threads. The order in which the K
/// products of an element are added depends only on the sizes.
/// </summary>
/// <remarks>
/// Both factors are read in place if possible: packing them into panels pays only if a panel
/// is used very often. B must be packed if its columns are rows in memory (a dense layer's weights), because it is
/// read in vectors of columns.
/// </remarks>
internal sealed unsafe class CpuGemm
{
    // Up to this many rows of A, a worker packs B for itself, one panel at a time, which is then still in the first-level cache.
    private const int MostRowsOfOneTask = GemmBlocking.MostRowsOfOne;

    // From this many rows of A up, packing B pays.
    private const int FewestRowsToPack = 1024;

    private readonly CpuBinding binding;
    private readonly int m;
    private readonly int n;
    private readonly int k;

    public CpuGemm(CpuBinding binding, int m, int n, int k) => (this.binding, this.m, this.n, this.k) = (binding, m, n, k);

    public required Factor A { get; init; }

    public required Factor B { get; init; }

    /// <summary>[M, N].</summary>
    public required float* C { get; init; }

    public Epilogue? Epilogue { get; init; }

    public void AddPhases()
    {
        if (m <= RowGemm.MostRows && k > 1)
        {
            new RowGemm(binding, m, n, k) { A = A, B = B, C = C, Epilogue = Epilogue }.AddPhases();
            return;
        }
        var blocks = new GemmBlocking(m, n, k, binding.Workers);
        bool mustPack = !B.IsAdjacent || n < blocks.Tile.Columns, packsAlone = mustPack && m <= MostRowsOfOneTask;
        var multiply = new BlockGemm(binding, blocks, packsAlone)
        {
            A = A,
            B = B,
            C = C,
            Epilogue = Epilogue is { IsEmpty: false } ? Epilogue : null,
        };
        if (m >= FewestRowsToPack || (mustPack && !packsAlone))
            AddPacked(blocks, multiply);
        else
            binding.Parallel(blocks.Tasks, (begin, end, worker) => multiply.Run(begin, end, 0, k, null, worker));
    }

    /// <summary>All workers pack a block of k of B together, then all use it.</summary>
    private void AddPacked(GemmBlocking blocks, BlockGemm multiply)
    {
        int nr = blocks.Tile.Columns, panels = (n + nr - 1) / nr;
        ScratchRegion packed = binding.Scratch((long)panels * nr * Math.Min(k, blocks.Steps));
        for (int k0 = 0; k0 < k; k0 += blocks.Steps)
        {
            int start = k0, kc = Math.Min(blocks.Steps, k - k0);
            binding.Parallel(panels, (begin, end, _) =>
            {
                for (int p = begin; p < end; p++)
                    B.Pack(p * nr, Math.Min(nr, n - (p * nr)), nr, start, kc, packed.Pointer + ((long)p * nr * kc));
            }, grain: 2);
            binding.Parallel(blocks.Tasks, (begin, end, worker) => multiply.Run(begin, end, start, start + kc, packed.Pointer, worker));
        }
    }
}
