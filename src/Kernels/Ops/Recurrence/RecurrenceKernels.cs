using GpuGrad.Kernels.Numerics;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Recurrence;

/// <summary>A step of a recurrence as a kernel argument; missing steps are negative.</summary>
/// <param name="Steps">T.</param>
/// <param name="Units">H.</param>
/// <param name="At">The step.</param>
/// <param name="Before">The previous step in the forward pass.</param>
/// <param name="Behind">The next step.</param>
internal readonly record struct StepSizes(int Steps, int Units, int At, int Before, int Behind);

/// <summary>The state before the first step, [N, H] each; empty if it is 0.</summary>
internal readonly struct FirstState(ArrayView<float> hidden, ArrayView<float> memory)
{
    public bool IsGiven => hidden.Length > 0;

    public float Hidden(int unit) => hidden.Length > 0 ? hidden[unit] : 0f;

    public float Memory(int unit) => memory.Length > 0 ? memory[unit] : 0f;
}

/// <summary>Gradients that a step passes to the step before, [N, H] each: that of h which bypasses the gates, and that of c.</summary>
internal readonly struct BetweenSteps(ArrayView<float> past, ArrayView<float> memory)
{
    public readonly ArrayView<float> Past = past, Memory = memory;
}

/// <summary>The kernels of recurrences: one thread per unit and sample, after the GEMM of the step.</summary>
internal static class RecurrenceKernels
{
    /// <summary>W·h of the step is stored where h, or the saved numbers, will be written.</summary>
    public static void Forward<C>(Index1D i, ArrayView<float> p, ArrayView<float> bias, ArrayView<int> lengths, FirstState first, ArrayView<float> h, ArrayView<float> saved, StepSizes s)
        where C : struct, ICell
    {
        int sample = i / s.Units, unit = i % s.Units;
        var m = new KernelForward<C>(p, bias, first, h, saved, s, sample, unit);
        if (!IsPadding(lengths, sample, s))
        {
            h[m.At(1, 0)] = C.Forward<F32, KernelForward<C>>(m).Value;
            return;
        }
        h[m.At(1, 0)] = m.Hidden.Value;
        for (int slot = 0; slot < C.Saved; slot++)
            saved[m.At(C.Saved, slot)] = slot == C.Memory ? m.Memory.Value : 0f;
    }

    /// <summary>dq·W of the next step is stored where the gradient of the first gate will be written.</summary>
    public static void Backward<C>(
        Index1D i, ArrayView<float> dh, ArrayView<float> h, ArrayView<float> saved, ArrayView<int> lengths, FirstState first, ArrayView<float> dp, ArrayView<float> dq, BetweenSteps between, StepSizes s)
        where C : struct, ICell
    {
        int sample = i / s.Units, unit = i % s.Units;
        var m = new KernelBackward<C>(h, saved, first, dp, dq, between.Memory, s, sample, unit);
        float gradient = dh[m.At(1, 0)];
        if (s.Behind >= 0)
            gradient += dp[m.At(C.Gates, 0)] + between.Past[i];
        if (!IsPadding(lengths, sample, s))
        {
            between.Past[i] = C.Backward(m, new F32(gradient)).Value;
            return;
        }
        between.Past[i] = gradient;
        if (C.Memory >= 0 && s.Behind < 0)
            between.Memory[i] = 0f;
        for (int gate = 0; gate < C.Gates; gate++)
            m.Give(gate, new F32(0f), new F32(0f));
    }

    private static bool IsPadding(ArrayView<int> lengths, int sample, StepSizes s) =>
        lengths.Length > 0 && s.At >= IntrinsicMath.Clamp(lengths[sample], 1, s.Steps);
}

/// <summary>A unit in the forward pass.</summary>
internal readonly struct KernelForward<C>(ArrayView<float> p, ArrayView<float> bias, FirstState first, ArrayView<float> h, ArrayView<float> saved, StepSizes s, int sample, int unit) : IForwardUnit<F32>
    where C : struct, ICell
{
    public F32 Hidden => new(s.Before < 0 ? first.Hidden((sample * s.Units) + unit) : h[Place(s.Before, 1, 0)]);

    public F32 Memory => new(s.Before < 0 ? first.Memory((sample * s.Units) + unit) : saved[Place(s.Before, C.Saved, C.Memory)]);

    public F32 Projected(int gate) => new(p[At(C.Gates, gate)]);

    public F32 Recurrent(int gate)
    {
        float sum = bias.Length > 0 ? bias[(gate * s.Units) + unit] : 0f;
        if (s.Before < 0 && !first.IsGiven)
            return new F32(sum);
        return new F32(sum + (C.Saved > 0 ? saved[At(C.Saved, gate)] : h[At(1, 0)]));
    }

    public void Save(int slot, F32 value) => saved[At(C.Saved, slot)] = value.Value;

    /// <summary>Offset of this unit at this step, in a tensor with this many rows of units per step.</summary>
    public int At(int rows, int row) => Place(s.At, rows, row);

    private int Place(int step, int rows, int row) => (((((sample * s.Steps) + step) * rows) + row) * s.Units) + unit;
}

/// <summary>A unit in the backward pass.</summary>
internal readonly struct KernelBackward<C>(ArrayView<float> h, ArrayView<float> saved, FirstState first, ArrayView<float> dp, ArrayView<float> dq, ArrayView<float> memory, StepSizes s, int sample, int unit) : IBackwardUnit<F32>
    where C : struct, ICell
{
    public F32 Hidden => new(h[At(1, 0)]);

    public F32 HiddenBefore => new(s.Before < 0 ? first.Hidden((sample * s.Units) + unit) : h[Place(s.Before, 1, 0)]);

    public F32 MemoryBefore => new(s.Before < 0 ? first.Memory((sample * s.Units) + unit) : saved[Place(s.Before, C.Saved, C.Memory)]);

    public F32 MemoryGradient => new(s.Behind < 0 ? 0f : memory[(sample * s.Units) + unit]);

    public F32 Saved(int slot) => new(saved[At(C.Saved, slot)]);

    public void CarryMemory(F32 gradient) => memory[(sample * s.Units) + unit] = gradient.Value;

    public void Give(int gate, F32 projected, F32 recurrent)
    {
        int at = At(C.Gates, gate);
        dp[at] = projected.Value;
        if (C.Splits)
            dq[at] = recurrent.Value;
    }

    /// <summary>Offset of this unit at this step, in a tensor with this many rows of units per step.</summary>
    public int At(int rows, int row) => Place(s.At, rows, row);

    private int Place(int step, int rows, int row) => (((((sample * s.Steps) + step) * rows) + row) * s.Units) + unit;
}
