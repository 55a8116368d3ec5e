using System.Runtime.Intrinsics.X86;
using GpuGrad.Kernels.Ops.Reductions;

namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>Computes blocks of C, tile by tile: the work of one task of a GEMM.</summary>
internal sealed unsafe class BlockGemm
{
    // A smaller B is cached after its first use, and prefetching it would cost 3 %; for a larger one, prefetching the next
    // panel during this one gains 15 % at 128×1024×4080.
    private const long LeastFloatsToFetch = 1 << 20;

    private readonly GemmBlocking blocks;
    private readonly GemmTile tile;
    private readonly int m;
    private readonly int n;
    private readonly bool fetchesAhead;
    private readonly WorkerScratch? panelA;
    private readonly WorkerScratch? panelB;

    /// <param name="binding">Provides scratch memory.</param>
    /// <param name="blocks">The partition of C.</param>
    /// <param name="packsB">Whether each worker packs a panel of B before it uses it.</param>
    public BlockGemm(CpuBinding binding, GemmBlocking blocks, bool packsB)
    {
        (this.blocks, tile, m, n) = (blocks, blocks.Tile, blocks.M, blocks.N);
        fetchesAhead = Sse.IsSupported && (long)blocks.K * n > LeastFloatsToFetch;
        panelA = m < tile.Rows ? binding.ScratchOfWorkers((long)tile.Rows * blocks.Steps) : null;
        panelB = packsB ? binding.ScratchOfWorkers((long)tile.Columns * blocks.Steps) : null;
    }

    public required Factor A { get; init; }

    public required Factor B { get; init; }

    /// <summary>[M, N].</summary>
    public required float* C { get; init; }

    /// <summary>Applied to finished blocks.</summary>
    public required Epilogue? Epilogue { get; init; }

    /// <summary>Adds the products of steps <paramref name="k"/> to <paramref name="endK"/> to the blocks of C of some tasks.</summary>
    /// <param name="begin">First task.</param>
    /// <param name="end">End of the tasks, exclusive.</param>
    /// <param name="k">First step; step 0 overwrites C.</param>
    /// <param name="endK">End of the steps, exclusive; after step K the epilogue is applied.</param>
    /// <param name="packedB">These steps of all of B, packed in panels; or null.</param>
    /// <param name="worker">The worker whose scratch memory is used.</param>
    public void Run(int begin, int end, int k, int endK, float* packedB, int worker)
    {
        for (int task = begin; task < end; task++)
        {
            (int row, int endRow, int column, int endColumn) = blocks[task];
            for (int start = k; start < endK; start += blocks.Steps)
            {
                int kc = Math.Min(blocks.Steps, endK - start);
                Rows a = RowsOfA(start, kc, worker);
                for (int j = column; j < endColumn; j += tile.Columns)
                    Multiply(a, row, endRow, PanelOfB(j, Math.Min(tile.Columns, endColumn - j), start, kc, packedB, worker), kc, start > 0);
            }
            for (int i = row; i < endRow && endK == blocks.K && Epilogue is not null; i++)
            {
                long offset = ((long)i * n) + column;
                Epilogue.Apply(C + offset, i, column, endColumn - column, offset);
            }
        }
    }

    private void Multiply(in Rows a, int row, int endRow, in Panel b, int kc, bool accumulate)
    {
        GemmTile t = b.Tile;
        float* edge = stackalloc float[t.Rows * t.Columns];
        int tiles = (endRow - row + t.Rows - 1) / t.Rows;
        for (int number = 0; number < tiles; number++)
        {
            if (b.Next is not null)
                Fetch(b.Next, b.Step, kc * number / tiles, kc * (number + 1) / tiles);
            // The last tile begins further up, so that all its rows are in A; it stores only the rows that are not yet computed.
            int i = row + (number * t.Rows), height = Math.Min(t.Rows, endRow - i), first = panelA is null ? Math.Min(i, m - t.Rows) : i;
            float* from = a.Data + (first * a.Row), to = C + ((long)i * n) + b.Column;
            if (height == t.Rows && first == i && b.Width == t.Columns)
                t.Run(kc, from, a.Row, a.Step, b.Data, b.Step, to, n, accumulate);
            else
            {
                t.Run(kc, from, a.Row, a.Step, b.Data, b.Step, edge, t.Columns, false);
                CopyOut(edge + ((i - first) * t.Columns) + b.Skip, t.Columns, to, n, height, b.Width, accumulate);
            }
        }
    }

    // If A has fewer rows than a tile, they are packed; the rest of the panel only affects rows that are not stored.
    private Rows RowsOfA(int k, int kc, int worker)
    {
        if (panelA is null)
            return new Rows(A.At(0, k), A.Line, A.Step);
        float* panel = panelA.Of(worker);
        A.Pack(0, m, tile.Rows, k, kc, panel);
        return new Rows(panel, 1, tile.Rows);
    }

    private Panel PanelOfB(int column, int width, int k, int kc, float* packed, int worker)
    {
        GemmTile t = width <= MicroKernel.Narrow.Columns && m >= MicroKernel.Narrow.Rows ? MicroKernel.Narrow : tile;
        if (packed is not null)
            return new Panel(t, packed + ((long)column * kc), tile.Columns, column, width, 0, null);
        if (panelB is not null)
        {
            float* panel = panelB.Of(worker);
            B.Pack(column, width, t.Columns, k, kc, panel);
            return new Panel(t, panel, t.Columns, column, width, 0, null);
        }
        int first = Math.Min(column, n - t.Columns);
        bool fetches = fetchesAhead && column + t.Columns < n;
        return new Panel(t, B.At(first, k), B.Step, column, width, column - first, fetches ? B.At(column + t.Columns, k) : null);
    }

    // Two cache lines per step, of a panel as wide as this one.
    private static void Fetch(float* panel, nint distance, int step, int endStep)
    {
        for (panel += step * distance; step < endStep; step++, panel += distance)
        {
            Sse.Prefetch1(panel);
            Sse.Prefetch1(panel + CacheLine.Floats);
        }
    }

    private static void CopyOut(float* tile, int pitch, float* c, int ldc, int rows, int columns, bool accumulate)
    {
        for (int i = 0; i < rows; i++, tile += pitch, c += ldc)
        {
            if (accumulate)
                Sums.AddTo(tile, c, columns);
            else
                Copies.Copy(tile, c, columns);
        }
    }

    /// <summary>The rows of A of a task.</summary>
    private readonly struct Rows(float* data, nint row, nint step)
    {
        public readonly float* Data = data;
        public readonly nint Row = row;
        public readonly nint Step = step;
    }

    /// <summary>A panel of B, as wide as a tile.</summary>
    /// <param name="tile">The tile to compute.</param>
    /// <param name="data">Its first column.</param>
    /// <param name="step">Stride from one step to the next.</param>
    /// <param name="column">First column of C to store.</param>
    /// <param name="width">Number of columns to store.</param>
    /// <param name="skip">Columns of the tile before the first one to store.</param>
    /// <param name="next">The next panel, to prefetch; or null.</param>
    private readonly struct Panel(GemmTile tile, float* data, nint step, int column, int width, int skip, float* next)
    {
        public readonly GemmTile Tile = tile;
        public readonly float* Data = data;
        public readonly nint Step = step;
        public readonly int Column = column;
        public readonly int Width = width;
        public readonly int Skip = skip;
        public readonly float* Next = next;
    }
}
