using GpuGrad.Kernels.Devices.Ilgpu;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Recurrence;

/// <summary>The forward pass on a GPU: two launches per step, the GEMM with the state and the cell.</summary>
internal sealed class RecurrenceLaunch(KernelBinding b, Recurrence op) : ICellUser
{
    public void Use<C>() where C : struct, ICell
    {
        (int samples, int steps, int units) = (b.OutShape()[0], b.OutShape()[1], b.OutShape()[2]);
        ArrayView<float> p = b.In(0), h = b.Out(), saved = C.Saved > 0 ? b.Out(1) : h.SubView(0, 0), bias = op.Bias ? b.In(2) : h.SubView(0, 0);
        ArrayView<int> lengths = op.Lengths ? b.InInt(b.InCount - 1) : default;
        var cell = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<int>, FirstState, ArrayView<float>, ArrayView<float>, StepSizes>(RecurrenceKernels.Forward<C>);
        FirstState first = FirstStates.Of(b, op.Given, op.StateInput, C.Memory >= 0, h);
        var walk = new Walk(steps, op.Reverse);
        for (int number = 0; number < steps; number++)
        {
            var s = new StepSizes(steps, units, walk.At(number), walk.At(number - 1), walk.At(number + 1));
            if (s.Before >= 0 || op.Given)
            {
                StepRows state = s.Before >= 0 ? StepRows.Of(h, steps, s.Before, units, b.IsOutAligned()) : StepRows.Of(b.In(op.StateInput), 1, 0, units, b.IsAligned(op.StateInput));
                StepResult result = C.Saved > 0 ? StepResult.Of(saved, steps, s.At, C.Saved * units, b.IsOutAligned(1)) : StepResult.Of(h, steps, s.At, units, b.IsOutAligned());
                b.Borrowing(() => KernelStepGemm.AddByRows(b, 1, samples, C.Gates * units, units, state, result));
            }
            b.Launch(() => cell(samples * units, p, bias, lengths, first, h, saved, s));
        }
    }
}

/// <summary>Back-propagation through time on a GPU: two launches per step.</summary>
internal sealed class RecurrenceGradientLaunch(KernelBinding b, RecurrenceGradient op) : ICellUser
{
    public void Use<C>() where C : struct, ICell
    {
        (int samples, int steps, int units) = (b.InShape(1)[0], b.InShape(1)[1], b.InShape(1)[2]);
        int rows = C.Gates * units, last = C.Splits ? 1 : 0;
        ArrayView<float> dh = b.In(0), h = b.In(1), dp = b.Out(), dq = b.Out(last), saved = C.Saved > 0 ? b.In(3) : h.SubView(0, 0);
        ArrayView<int> lengths = op.Lengths ? b.InInt(b.InCount - 1) : default;
        KernelScratchRegion past = b.Scratch((long)samples * units), memory = b.Scratch(C.Memory < 0 ? 1 : (long)samples * units);
        var cell = b.Loader.Items<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<int>, FirstState, ArrayView<float>, ArrayView<float>, BetweenSteps, StepSizes>(RecurrenceKernels.Backward<C>);
        FirstState first = FirstStates.Of(b, op.Given, op.StateInput, C.Memory >= 0, h);
        var walk = new Walk(steps, op.Reverse);
        for (int number = steps - 1; number >= 0; number--)
        {
            var s = new StepSizes(steps, units, walk.At(number), walk.At(number - 1), walk.At(number + 1));
            if (s.Behind >= 0)
            {
                var state = StepRows.Of(dq, steps, s.Behind, rows, b.IsOutAligned(last));
                var result = StepResult.Of(dp, steps, s.At, rows, b.IsOutAligned());
                b.Borrowing(() => KernelStepGemm.AddByColumns(b, 2, samples, units, rows, state, result));
            }
            b.Launch(() => cell(samples * units, dh, h, saved, lengths, first, dp, dq, new BetweenSteps(past.View, memory.View), s));
        }
    }
}

internal static class FirstStates
{
    /// <summary>The state before the first step, starting at input <paramref name="input"/>.</summary>
    public static FirstState Of(KernelBinding b, bool given, int input, bool hasMemory, ArrayView<float> any)
    {
        ArrayView<float> none = any.SubView(0, 0);
        return new FirstState(given ? b.In(input) : none, given && hasMemory ? b.In(input + 1) : none);
    }
}
