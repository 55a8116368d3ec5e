using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Ops.Recurrence;

/// <summary>
/// The GEMM of a recurrence: states [N, K] of one step times weights that are the same for all steps. The weights are packed once; a task of a
/// step is a block of units (with all their gates) and of samples, so that the cell's functions find the result in the cache.
/// </summary>
/// <remarks>
/// States alternate between two buffers with contiguous rows: in the tensors, where the steps of a sample are consecutive, the rows of a
/// step are often a power of two apart and map to a few sets of the first-level cache.
/// </remarks>
internal sealed unsafe class CpuStepGemm
{
    private const int MostSteps = 384; // of k per panel: 48 KiB
    private const double FewestFlops = 1e6; // per task: about 5 µs

    private readonly CpuBinding binding;
    private readonly Factor weights;
    private readonly GemmTile tile;
    private readonly int samples;
    private readonly int units;
    private readonly int gates;
    private readonly int k;
    private readonly int rowTiles;
    private readonly int rowBlocks;
    private readonly ScratchRegion panels;
    private readonly ScratchRegion states;
    private readonly WorkerScratch sums;
    private bool begins;

    /// <param name="binding">Provides scratch memory and receives the phases.</param>
    /// <param name="weights">Lines: unit u of gate g at g·units + u; K steps.</param>
    /// <param name="samples">N.</param>
    /// <param name="units">Number of units.</param>
    /// <param name="gates">Number of gates.</param>
    /// <param name="k">Length of a state.</param>
    public CpuStepGemm(CpuBinding binding, Factor weights, int samples, int units, int gates, int k)
    {
        (this.binding, this.weights, this.samples, this.units, this.gates, this.k) = (binding, weights, samples, units, gates, k);
        tile = TileFor(samples, units);
        rowTiles = Count(samples, tile.Rows);
        UnitBlocks = Count(units, tile.Columns);
        rowBlocks = 1;
        double flops = 2.0 * rowTiles * tile.Rows * tile.Columns * gates * k;
        while (rowBlocks < rowTiles && Tasks < 4 * binding.Workers && flops / (2 * rowBlocks) >= FewestFlops)
            rowBlocks = Math.Min(rowTiles, 2 * rowBlocks);
        Width = gates * tile.Columns;
        panels = binding.Scratch(checked((long)UnitBlocks * Width * k));
        states = binding.Scratch(checked(2L * rowTiles * tile.Rows * k));
        sums = binding.ScratchOfWorkers(checked((long)Count(rowTiles, rowBlocks) * tile.Rows * Width));
    }

    public int Tasks => UnitBlocks * rowBlocks;

    /// <summary>Row stride of a task's sums, in floats.</summary>
    public int Width { get; }

    /// <summary>Stride between gates in a row of sums, in floats.</summary>
    public int GateWidth => tile.Columns;

    private int UnitBlocks { get; }

    /// <summary>Packs the weights and sets the first states.</summary>
    /// <param name="first">The states [samples, K] that the first step reads; null for 0.</param>
    public void AddPacking(float* first = null)
    {
        begins = first is not null;
        binding.Parallel(UnitBlocks * gates, (begin, end, _) =>
        {
            for (int panel = begin; panel < end; panel++)
            {
                (int block, int gate) = Math.DivRem(panel, gates);
                int unit = block * tile.Columns;
                weights.Pack((gate * units) + unit, Math.Min(tile.Columns, units - unit), tile.Columns, 0, k, Panel(block, gate));
            }
        });
        binding.Serial(() =>
        {
            new Span<float>(states.Pointer, checked(2 * rowTiles * tile.Rows * k)).Clear();
            if (first is not null)
                new ReadOnlySpan<float>(first, checked(samples * k)).CopyTo(new Span<float>(states.Pointer, samples * k));
        });
    }

    /// <summary>Adds a phase for each step.</summary>
    /// <param name="steps">Number of steps.</param>
    /// <param name="run">Runs a task of a step: task, number of the step, worker.</param>
    public void AddSteps(int steps, Action<int, int, int> run)
    {
        for (int i = 0; i < steps; i++)
        {
            int step = i;
            binding.Parallel(Tasks, (begin, end, worker) =>
            {
                for (int task = begin; task < end; task++)
                    run(task, step, worker);
            });
        }
    }

    /// <summary>The units and samples of a task; the last task may extend beyond the last sample.</summary>
    public (int Unit, int EndUnit, int Sample, int EndSample) this[int task]
    {
        get
        {
            (int block, int rows) = Math.DivRem(task, rowBlocks);
            int unit = block * tile.Columns;
            return (unit, Math.Min(units, unit + tile.Columns), RowOf(rows), RowOf(rows + 1));
        }
    }

    /// <summary>The state of a sample that a step reads, written by the step before.</summary>
    public float* State(int step, int sample) => states.Pointer + ((((long)(step & 1) * rowTiles * tile.Rows) + sample) * k);

    /// <summary>A task's sums [samples, gates, GateWidth] at a step; at the first step nothing is multiplied if the states are 0.</summary>
    public float* Multiply(int task, int step, int worker)
    {
        float* result = sums.Of(worker);
        (int block, int rows) = Math.DivRem(task, rowBlocks);
        int first = RowOf(rows), last = RowOf(rows + 1);
        if (step == 0 && !begins)
        {
            new Span<float>(result, (last - first) * Width).Clear();
            return result;
        }
        for (int begin = 0; begin < k; begin += MostSteps)
        {
            int count = Math.Min(MostSteps, k - begin);
            for (int gate = 0; gate < gates; gate++)
            {
                float* panel = Panel(block, gate) + ((long)begin * tile.Columns), to = result + (gate * tile.Columns);
                for (int row = first; row < last; row += tile.Rows)
                    tile.Run(count, State(step, row) + begin, k, 1, panel, tile.Columns, to + ((long)(row - first) * Width), Width, begin > 0);
            }
        }
        return result;
    }

    private float* Panel(int block, int gate) => panels.Pointer + ((((long)block * gates) + gate) * tile.Columns * k);

    private int RowOf(int rowBlock) => (int)((long)rowTiles * rowBlock / rowBlocks) * tile.Rows;

    private static GemmTile TileFor(int samples, int units)
    {
        GemmTile low = MicroKernel.Low, wide = MicroKernel.Wide, narrow = MicroKernel.Narrow;
        if (units <= narrow.Columns)
            return narrow;
        return Count(samples, low.Rows) * low.Rows * 1.02 < Count(samples, wide.Rows) * wide.Rows ? low : wide;
    }

    private static int Count(int length, int unit) => (length + unit - 1) / unit;
}
