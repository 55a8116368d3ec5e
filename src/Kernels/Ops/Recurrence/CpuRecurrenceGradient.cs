using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Steps;

namespace GpuGrad.Kernels.Ops.Recurrence;

/// <summary>Back-propagation through time on the CPU: one phase per time step.</summary>
internal sealed unsafe class CpuRecurrenceGradient(CpuBinding b, RecurrenceGradient op) : ICellUser
{
    private readonly int samples = b.InShape(1)[0];
    private readonly int steps = b.InShape(1)[1];
    private readonly int units = b.InShape(1)[2];
    private readonly Walk walk = new(b.InShape(1)[1], op.Reverse);
    private readonly float* dh = b.In(0);
    private readonly float* h = b.In(1);
    private readonly float* saved = op.Cell.Saved > 0 ? b.In(3) : null;
    private readonly StepLengths lengths = StepLengths.Of(b, op.Lengths, b.InShape(1)[1]);
    private readonly float* dp = b.Out();
    private readonly float* dq = op.Cell.Splits ? b.Out(1) : null;

    // Passed between steps: the gradient of h that bypasses the gates, and that of c.
    private readonly ScratchRegion direct = b.Scratch(b.InShape(1)[0] * (long)b.InShape(1)[2]);
    private readonly ScratchRegion memory = b.Scratch(b.InShape(1)[0] * (long)b.InShape(1)[2]);
    private readonly ScratchRegion zeros = b.Scratch(b.InShape(1)[2]);

    // The state before the first step; null if it is 0.
    private readonly float* firstHidden = op.Given ? b.In(op.StateInput) : null;
    private readonly float* firstMemory = op.Given && op.Cell.Memory >= 0 ? b.In(op.StateInput + 1) : null;

    public void Use<C>() where C : struct, ICell
    {
        int rows = C.Gates * units;
        var gemm = new CpuStepGemm(b, Factor.OfSteps(b.In(2), units), samples, units, 1, rows);
        gemm.AddPacking();
        b.Serial(() =>
        {
            new Span<float>(direct.Pointer, samples * units).Clear();
            new Span<float>(memory.Pointer, samples * units).Clear();
            new Span<float>(zeros.Pointer, units).Clear();
        });
        gemm.AddSteps(steps, (task, number, worker) => Run<C>(gemm, task, number, worker));
    }

    // The number counts from the last step of the pass to its first.
    private void Run<C>(CpuStepGemm gemm, int task, int number, int worker) where C : struct, ICell
    {
        float* sums = gemm.Multiply(task, number, worker);
        (int unit, int endUnit, int first, int last) = gemm[task];
        int step = walk.At(steps - 1 - number), stepBefore = walk.At(steps - 2 - number);
        for (int sample = first; sample < Math.Min(last, samples); sample++, sums += gemm.Width)
        {
            long at = ((long)sample * steps) + step, before = ((long)sample * steps) + stepBefore, own = ((long)sample * units) + unit;
            var places = new BackwardPlaces<float>
            {
                Units = units,
                Hidden = h + (at * units) + unit,
                HiddenBefore = stepBefore < 0 ? First(firstHidden, sample, unit) : h + (before * units) + unit,
                MemoryBefore = stepBefore < 0 ? First(firstMemory, sample, unit) : saved + (((before * C.Saved) + Math.Max(0, C.Memory)) * units) + unit,
                Saved = saved + (at * C.Saved * units) + unit,
                Carry = memory.Pointer + own,
                Projected = dp + (at * C.Gates * units) + unit,
                Recurrent = dq is null ? null : dq + (at * C.Gates * units) + unit,
                State = gemm.State(number + 1, sample) + unit,
            };
            float* dy = dh + (at * units) + unit, past = direct.Pointer + own;
            if (step >= lengths[sample])
                Pass<C>(places, dy, sums, past, endUnit - unit);
            else if (Simd.Is512)
                Step<C, V512>(places, dy, sums, past, endUnit - unit);
            else if (Simd.Is256)
                Step<C, V256>(places, dy, sums, past, endUnit - unit);
            else
                Step<C, V128>(places, dy, sums, past, endUnit - unit);
        }
    }

    private float* First(float* given, int sample, int unit) => (given is null ? zeros.Pointer : given + ((long)sample * units)) + unit;

    private static void Step<C, V>(in BackwardPlaces<float> places, float* dy, float* sums, float* past, int count)
        where C : struct, ICell where V : struct, IVector<V>
    {
        int unit = 0;
        for (; unit <= count - V.Lanes; unit += V.Lanes)
            Units<C, V, VectorLanes<V>>(places, dy, sums, past, unit);
        for (; unit <= count - V128.Lanes; unit += V128.Lanes)
            Units<C, V128, VectorLanes<V128>>(places, dy, sums, past, unit);
        for (; unit < count; unit++)
            Units<C, F32, FloatLane>(places, dy, sums, past, unit);
    }

    private static void Units<C, R, L>(in BackwardPlaces<float> places, float* dy, float* sums, float* past, int unit)
        where C : struct, ICell where R : struct, IReal<R> where L : struct, ILanes<R, float>
    {
        R gradient = L.Load(dy + unit) + L.Load(sums + unit) + L.Load(past + unit);
        L.Store(C.Backward(new HostBackward<R, L, float>(places, unit), gradient), past + unit);
    }

    // Beyond the end of a sample the state is that of the previous step, and so is its gradient.
    private static void Pass<C>(in BackwardPlaces<float> places, float* dy, float* sums, float* past, int count) where C : struct, ICell
    {
        for (int unit = 0; unit < count; unit++)
            past[unit] += dy[unit] + sums[unit];
        for (int gate = 0; gate < C.Gates; gate++)
        {
            nint at = gate * places.Units;
            Copies.Clear(places.Projected + at, count);
            Copies.Clear(places.State + at, count);
            if (places.Recurrent is not null)
                Copies.Clear(places.Recurrent + at, count);
        }
    }
}
