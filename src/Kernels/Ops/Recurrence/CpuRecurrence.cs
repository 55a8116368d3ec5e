using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Steps;

namespace GpuGrad.Kernels.Ops.Recurrence;

/// <summary>The forward pass on the CPU: one phase per time step.</summary>
internal sealed unsafe class CpuRecurrence(CpuBinding b, Recurrence op) : ICellUser
{
    private readonly int samples = b.OutShape()[0];
    private readonly int steps = b.OutShape()[1];
    private readonly int units = b.OutShape()[2];
    private readonly Walk walk = new(b.OutShape()[1], op.Reverse);
    private readonly float* p = b.In(0);
    private readonly float* bias = op.Bias ? b.In(2) : null;
    private readonly StepLengths lengths = StepLengths.Of(b, op.Lengths, b.OutShape()[1]);
    private readonly float* h = b.Out();
    private readonly float* saved = op.Cell.Saved > 0 ? b.Out(1) : null;

    // The state before the first step; null if it is 0.
    private readonly float* firstHidden = op.Given ? b.In(op.StateInput) : null;
    private readonly float* firstMemory = op.Given && op.Cell.Memory >= 0 ? b.In(op.StateInput + 1) : null;

    public void Use<C>() where C : struct, ICell
    {
        var gemm = new CpuStepGemm(b, Factor.OfLines(b.In(1), units), samples, units, C.Gates, units);
        gemm.AddPacking(firstHidden);
        gemm.AddSteps(steps, (task, number, worker) => Run<C>(gemm, task, number, worker));
    }

    private void Run<C>(CpuStepGemm gemm, int task, int number, int worker) where C : struct, ICell
    {
        float* sums = gemm.Multiply(task, number, worker);
        (int unit, int endUnit, int first, int last) = gemm[task];
        for (int sample = first; sample < Math.Min(last, samples); sample++, sums += gemm.Width)
        {
            long at = ((long)sample * steps) + walk.At(number), before = ((long)sample * steps) + walk.At(number - 1);
            float* state = gemm.State(number, sample) + unit, next = gemm.State(number + 1, sample) + unit, y = h + (at * units) + unit;
            var places = new ForwardPlaces<float>
            {
                Units = units,
                Projected = p + (at * C.Gates * units) + unit,
                Product = sums,
                ProductGate = gemm.GateWidth,
                Bias = bias is null ? null : bias + unit,
                HiddenBefore = state,
                MemoryBefore = number == 0 ? FirstMemory(sample, unit, state) : saved + (((before * C.Saved) + Math.Max(0, C.Memory)) * units) + unit,
                Saved = saved + (at * C.Saved * units) + unit,
            };
            if (walk.At(number) >= lengths[sample])
                Carry<C>(places, next, y, endUnit - unit);
            else if (Simd.Is512)
                Step<C, V512>(places, next, y, endUnit - unit);
            else if (Simd.Is256)
                Step<C, V256>(places, next, y, endUnit - unit);
            else
                Step<C, V128>(places, next, y, endUnit - unit);
        }
    }

    // Without a given state, the first state and memory are 0.
    private float* FirstMemory(int sample, int unit, float* state) => firstMemory is null ? state : firstMemory + ((long)sample * units) + unit;

    private static void Step<C, V>(in ForwardPlaces<float> places, float* next, float* y, int count) where C : struct, ICell where V : struct, IVector<V>
    {
        int unit = 0;
        for (; unit <= count - V.Lanes; unit += V.Lanes)
            Put(C.Forward<V, HostForward<V, VectorLanes<V>, float>>(new(places, unit)), next + unit, y + unit);
        for (; unit <= count - V128.Lanes; unit += V128.Lanes)
            Put(C.Forward<V128, HostForward<V128, VectorLanes<V128>, float>>(new(places, unit)), next + unit, y + unit);
        for (; unit < count; unit++)
            next[unit] = y[unit] = C.Forward<F32, HostForward<F32, FloatLane, float>>(new(places, unit)).Value;
    }

    private static void Put<V>(V value, float* next, float* y) where V : struct, IVector<V>
    {
        value.Store(next);
        value.Store(y);
    }

    private static void Carry<C>(in ForwardPlaces<float> places, float* next, float* y, int count) where C : struct, ICell
    {
        Copies.Copy(places.HiddenBefore, next, count);
        Copies.Copy(places.HiddenBefore, y, count);
        for (int slot = 0; slot < C.Saved; slot++)
        {
            float* to = places.Saved + (slot * places.Units);
            if (slot == C.Memory)
                Copies.Copy(places.MemoryBefore, to, count);
            else
                Copies.Clear(to, count);
        }
    }
}
