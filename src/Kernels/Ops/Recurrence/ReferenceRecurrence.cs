using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Steps;

namespace GpuGrad.Kernels.Ops.Recurrence;

/// <summary>The forward pass in double, sample by sample.</summary>
internal sealed unsafe class ReferenceRecurrence(ReferenceArguments a, Recurrence op) : ICellUser
{
    public void Use<C>() where C : struct, ICell
    {
        int steps = a.OutShape()[1], units = a.OutShape()[2], saved = C.Saved * units;
        var walk = new Walk(steps, op.Reverse);
        var zeros = new double[Math.Max(1, C.Saved) * units];
        var product = new double[C.Gates * units];
        fixed (double* p = a.In(0), w = a.In(1), bias = op.Bias ? a.In(2) : default, h = a.Out(), s = C.Saved > 0 ? a.Out(1) : default, none = zeros, q = product, first = op.Given ? a.In(op.StateInput) : default, firstMemory = op.Given && C.Memory >= 0 ? a.In(op.StateInput + 1) : default)
        {
            for (int row = 0; row < a.OutShape().LengthOf(..2); row++)
            {
                (int sample, int number) = Math.DivRem(row, steps);
                long at = ((long)sample * steps) + walk.At(number), before = ((long)sample * steps) + walk.At(number - 1);
                double* hiddenBefore = number == 0 ? (op.Given ? first + ((long)sample * units) : none) : h + (before * units), savedBefore = number == 0 ? none : s + (before * saved);
                var places = new ForwardPlaces<double>
                {
                    Units = units,
                    Projected = p + (at * C.Gates * units),
                    Product = q,
                    ProductGate = units,
                    Bias = bias,
                    HiddenBefore = hiddenBefore,
                    MemoryBefore = number == 0 && firstMemory is not null ? firstMemory + ((long)sample * units) : savedBefore + (Math.Max(0, C.Memory) * units),
                    Saved = s + (at * saved),
                };
                Multiply(w, hiddenBefore, units, product);
                if (walk.At(number) >= StepLengths.Of(a, op.Lengths, sample, steps))
                    Carry<C>(places, savedBefore, h + (at * units));
                else
                {
                    for (int unit = 0; unit < units; unit++)
                        h[(at * units) + unit] = C.Forward<F64, HostForward<F64, DoubleLane, double>>(new(places, unit)).Value;
                }
            }
        }
    }

    private static void Multiply(double* w, double* h, int units, double[] product)
    {
        for (int row = 0; row < product.Length; row++)
        {
            product[row] = 0;
            for (int unit = 0; unit < units; unit++)
                product[row] += w[(row * units) + unit] * h[unit];
        }
    }

    private static void Carry<C>(in ForwardPlaces<double> places, double* savedBefore, double* h) where C : struct, ICell
    {
        for (int unit = 0; unit < places.Units; unit++)
        {
            h[unit] = places.HiddenBefore[unit];
            for (int slot = 0; slot < C.Saved; slot++)
                places.Saved[(slot * places.Units) + unit] = slot == C.Memory ? savedBefore[(slot * places.Units) + unit] : 0;
        }
    }
}

/// <summary>Back-propagation through time in double, sample by sample.</summary>
internal sealed unsafe class ReferenceRecurrenceGradient(ReferenceArguments a, RecurrenceGradient op) : ICellUser
{
    public void Use<C>() where C : struct, ICell
    {
        int steps = a.InShape(1)[1], units = a.InShape(1)[2];
        var walk = new Walk(steps, op.Reverse);
        fixed (double* zeros = new double[Math.Max(1, C.Saved) * units], carry = new double[units], state = new double[C.Gates * units], direct = new double[units])
        fixed (double* dh = a.In(0), h = a.In(1), w = a.In(2), s = C.Saved > 0 ? a.In(3) : default, dp = a.Out(), dq = C.Splits ? a.Out(1) : default)
        fixed (double* first = op.Given ? a.In(op.StateInput) : default, firstMemory = op.Given && C.Memory >= 0 ? a.In(op.StateInput + 1) : default)
        {
            for (int sample = 0; sample < a.InShape(1)[0]; sample++)
            {
                Clear(carry, units);
                Clear(direct, units);
                Clear(state, C.Gates * units);
                for (int number = steps - 1; number >= 0; number--)
                {
                    long at = ((long)sample * steps) + walk.At(number), before = ((long)sample * steps) + walk.At(number - 1);
                    double* savedBefore = number == 0 ? zeros : s + (before * C.Saved * units);
                    var places = new BackwardPlaces<double>
                    {
                        Units = units,
                        Hidden = h + (at * units),
                        HiddenBefore = number > 0 ? h + (before * units) : first is null ? zeros : first + ((long)sample * units),
                        MemoryBefore = number == 0 && firstMemory is not null ? firstMemory + ((long)sample * units) : savedBefore + (Math.Max(0, C.Memory) * units),
                        Saved = s + (at * C.Saved * units),
                        Carry = carry,
                        Projected = dp + (at * C.Gates * units),
                        Recurrent = C.Splits ? dq + (at * C.Gates * units) : null,
                        State = state,
                    };
                    AddGemm(w, state, units, C.Gates, direct);
                    bool padding = walk.At(number) >= StepLengths.Of(a, op.Lengths, sample, steps);
                    Step<C>(places, dh + (at * units), direct, padding);
                }
            }
        }
    }

    // direct holds the gradient of h that bypassed the gates of the next step, then the whole gradient of h, then the part that bypasses the gates of this step.
    private static void Step<C>(in BackwardPlaces<double> places, double* dh, double* direct, bool padding) where C : struct, ICell
    {
        for (int unit = 0; unit < places.Units; unit++)
        {
            direct[unit] += dh[unit];
            var cell = new HostBackward<F64, DoubleLane, double>(places, unit);
            for (int gate = 0; gate < C.Gates && padding; gate++)
                cell.Give(gate, new(0), new(0));
            if (!padding)
                direct[unit] = C.Backward(cell, new F64(direct[unit])).Value;
        }
    }

    private static void AddGemm(double* w, double* state, int units, int gates, double* sum)
    {
        for (int row = 0; row < gates * units; row++)
        {
            for (int unit = 0; unit < units; unit++)
                sum[unit] += w[(row * units) + unit] * state[row];
        }
    }

    private static void Clear(double* values, int count) => new Span<double>(values, count).Clear();
}
