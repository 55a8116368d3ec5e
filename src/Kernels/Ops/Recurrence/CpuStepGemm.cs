using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Ops.Recurrence;

/// <summary>
/// The GEMM of a recurrence: states [N, K] of one step times weights that stay the same for all steps. The weights are packed once; a task of a
/// step is a block of units (all of their gates) and of samples, so that what follows the GEMM finds its result in the cache.
/// </summary>
/// <remarks>
/// States lie in two buffers that take turns, rows close together: where the steps of a sample follow each other, as in the tensors, the rows of a
/// step lie a power of two apart and share a few lines of the first-level cache.
/// </remarks>
internal sealed unsafe class CpuStepGemm
{
    private const int MostSteps = 384; // of a panel at a time: 48 KiB
    private const double FewestFlops = 1e6; // of a task: about 5 µs

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

    /// <param name="binding">Gives scratch memory and takes phases.</param>
    /// <param name="weights">Lines: unit u of gate g at g·units + u; K steps.</param>
    /// <param name="samples">N.</param>
    /// <param name="units">Units of a gate.</param>
    /// <param name="gates">Gates.</param>
    /// <param name="k">Numbers of a state.</param>
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

    /// <summary>Floats from a row of a task's sums to the next.</summary>
    public int Width { get; }

    /// <summary>Floats from a gate to the next in a row of sums.</summary>
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
    /// <param name="steps">How many.</param>
    /// <param name="run">Does a task of a step: task, number of the step, worker.</param>
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

    /// <summary>The units and the samples of a task; the last samples of the last may not be there.</summary>
    public (int Unit, int EndUnit, int Sample, int EndSample) this[int task]
    {
        get
        {
            (int block, int rows) = Math.DivRem(task, rowBlocks);
            int unit = block * tile.Columns;
            return (unit, Math.Min(units, unit + tile.Columns), RowOf(rows), RowOf(rows + 1));
        }
    }

    /// <summary>The state of a sample that a step reads; the step before wrote it.</summary>
    public float* State(int step, int sample) => states.Pointer + ((((long)(step & 1) * rowTiles * tile.Rows) + sample) * k);

    /// <summary>A task's sums [samples, gates, GateWidth] at a step; at the first, where all states are 0 unless they are given, nothing is multiplied.</summary>
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
