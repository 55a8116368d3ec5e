using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Devices.Cpu;

/// <summary>
/// What an op sees when it is bound to the CPU: the addresses of its operands, and a list of phases to add to. The phases
/// run in the order they are added; every thread has finished one before any begins the next.
/// </summary>
public sealed unsafe class CpuBinding : Operands
{
    private readonly List<CpuPhase> phases;
    private readonly CpuScratch scratch;
    private readonly nint[] rounded;

    internal CpuBinding(Node node, PlanLayout layout, int workers, List<CpuPhase> phases, CpuScratch scratch) : base(node, layout)
    {
        Workers = workers;
        rounded = new nint[node.Op.Precision == Precision.Float32 ? 0 : 2];
        this.phases = phases;
        this.scratch = scratch;
    }

    /// <summary>Number of workers. Results must not depend on it.</summary>
    public int Workers { get; }

    /// <summary>An input; the operands of a matmul or convolution are rounded to the op's precision, by a phase of their own.</summary>
    public float* In(int index)
    {
        float* values = (float*)At(Input(index, ElementType.Real));
        return index < rounded.Length ? (float*)(rounded[index] == 0 ? rounded[index] = (nint)Rounded(values, InShape(index).Length) : rounded[index]) : values;
    }

    public int* InInt(int index) => (int*)At(Input(index, ElementType.Int32));

    public byte* InByte(int index) => At(Input(index, ElementType.Byte));

    public float* Out(int index = 0) => (float*)At(Output(index, ElementType.Real));

    public int* OutInt(int index = 0) => (int*)At(Output(index, ElementType.Int32));

    public byte* OutByte(int index = 0) => At(Output(index, ElementType.Byte));

    /// <summary>An input that the op changes in place; it must be listed in <see cref="Op.Updates"/>.</summary>
    public float* Updated(int index)
    {
        RequireUpdate(index);
        return In(index);
    }

    /// <summary>Memory for the phases of this node alone, 64-byte aligned, its content undefined when the node begins.</summary>
    public ScratchRegion Scratch(long floats) => scratch.Take(floats);

    /// <summary>The same, so much for each worker.</summary>
    public WorkerScratch ScratchOfWorkers(long floats) => new([.. Enumerable.Range(0, Workers).Select(_ => scratch.Take(floats))]);

    /// <summary>A copy of some numbers that loops read by address, for as long as the plan lives.</summary>
    public int* Table(ReadOnlySpan<int> values)
    {
        int* table = (int*)scratch.Own("table", checked(values.Length * sizeof(int)));
        values.CopyTo(new Span<int>(table, values.Length));
        return table;
    }

    /// <summary>Adds a phase: a loop whose items are independent, in any order, on any worker.</summary>
    /// <param name="items">Number of iterations.</param>
    /// <param name="body">The loop body over a range of items.</param>
    /// <param name="grain">Fewest items worth handing to a worker: about 5 µs of work.</param>
    public void Parallel(int items, PhaseBody body, int grain = 1) => phases.Add(new CpuPhase(items, grain, Workers, body));

    /// <summary>Adds a phase that one worker runs while the others wait: for work below about 5 µs.</summary>
    public void Serial(Action body) => phases.Add(new CpuPhase(1, 1, Workers, (_, _, _) => body()));

    /// <summary>Adds a sum: a phase that sums blocks, and one that adds those up in their order, in double.</summary>
    /// <param name="blocks">How many.</param>
    /// <param name="sumOf">The sum of a block.</param>
    /// <param name="finish">Takes the sum of all.</param>
    public void Sum(int blocks, Func<int, float> sumOf, Action<double> finish)
    {
        ScratchRegion sums = Scratch(blocks);
        Parallel(blocks, (begin, end, _) =>
        {
            for (int i = begin; i < end; i++)
                sums.Pointer[i] = sumOf(i);
        });
        Serial(() =>
        {
            double sum = 0;
            for (int i = 0; i < blocks; i++)
                sum += sums.Pointer[i];
            finish(sum);
        });
    }

    // The address is wanted now, when that of scratch memory is not known yet.
    private float* Rounded(float* values, long count)
    {
        const int Part = 16384;
        float* result = (float*)scratch.Own("rounded factors", checked(count * sizeof(float)));
        Precision precision = Node.Op.Precision;
        Parallel((int)((count + Part - 1) / Part), (begin, end, _) =>
        {
            long last = Math.Min((long)end * Part, count);
            for (long i = (long)begin * Part; i < last; i++)
                result[i] = Rounding.Round(precision, values[i]);
        });
        return result;
    }

    private static byte* At(Location at) => ((HostBuffer)at.Buffer).At(at.Offset);
}
