using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Optimizers;

/// <summary>Constants of the update, which do not change from step to step.</summary>
public sealed record OptimizerConstants
{
    /// <summary>Factor of this parameter group on the learning rate.</summary>
    public double RateFactor { get; init; } = 1;

    public double Decay { get; init; }

    public double A { get; init; }

    public double B { get; init; }

    public double Epsilon { get; init; }

    /// <summary>Each gradient is clipped to ± this; 0 for no limit.</summary>
    public double ClipValue { get; init; }
}

/// <summary>Positions in the <c>hyper</c> tensor: hyperparameters that the host sets before each step.</summary>
public static class HyperLayout
{
    public const int Rate = 0;
    public const int Correction1 = 1;
    public const int Correction2 = 2;

    /// <summary>Decay of the moving average of the weights in this step.</summary>
    public const int AverageDecay = 3;

    public const int Length = 8;
}

/// <summary>
/// One step of an optimizer over a range of the parameter buffer: a single pass over weights, gradients and state.
/// </summary>
/// <remarks>Inputs: weights [n] (changed), gradients [n], hyper, gradient factor [1] (for clipping by norm, if
/// <paramref name="Scaled"/>), then the rule's slots, each [n] (changed).</remarks>
public sealed record OptimizerUpdate<Rule>(OptimizerConstants Constants, bool Scaled) : Op where Rule : struct, IOptimizerRule
{
    private const int Block = 4096;

    public override string Name => typeof(Rule).Name.Replace("Rule", "", StringComparison.Ordinal);

    private int FirstSlot => Scaled ? 4 : 3;

    public override ReadOnlySpan<int> Updates => UpdateList.AsSpan();

    private int[] UpdateList => [0, .. Enumerable.Range(FirstSlot, Rule.Slots)];

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, FirstSlot + Rule.Slots, Name);
        Expect.Shape(inputs[1], inputs[0].Shape, "gradients");
        Expect.Shape(inputs[2], new Shape(HyperLayout.Length), "hyper");
        for (int i = FirstSlot; i < inputs.Length; i++)
            Expect.Shape(inputs[i], inputs[0].Shape, "slot");
        return [];
    }

    public override Cost Cost(Node node) => new(10.0 * node.Inputs[0].Shape.Length, 4.0 * node.Inputs[0].Shape.Length * (3 + (2 * Rule.Slots)));

    public override void Reference(ReferenceArguments a)
    {
        Span<double> w = a.Updated(0);
        double factor = Scaled ? a.In(3)[0] : 1;
        Hyper<F64> h = HyperOf<F64>(a.In(2)[HyperLayout.Rate], a.In(2)[HyperLayout.Correction1], a.In(2)[HyperLayout.Correction2]);
        Span<double> none = stackalloc double[1];
        for (int i = 0; i < w.Length; i++)
        {
            ref double m0 = ref Rule.Slots > 0 ? ref a.Updated(FirstSlot)[i] : ref none[0];
            ref double m1 = ref Rule.Slots > 1 ? ref a.Updated(FirstSlot + 1)[i] : ref none[0];
            ref double m2 = ref Rule.Slots > 2 ? ref a.Updated(FirstSlot + 2)[i] : ref none[0];
            F64 s0 = new(m0), s1 = new(m1), s2 = new(m2);
            w[i] = Rule.Step(new F64(w[i]), Gradient(new F64(a.In(1)[i]), new F64(factor)), ref s0, ref s1, ref s2, h).Value;
            m2 = s2.Value;
            m1 = s1.Value;
            m0 = s0.Value;
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int count = b.InShape(0).Count;
        float* w = b.Updated(0), g = b.In(1), hyper = b.In(2), factor = Scaled ? b.In(3) : null;
        float* s0 = Rule.Slots > 0 ? b.Updated(FirstSlot) : w;
        float* s1 = Rule.Slots > 1 ? b.Updated(FirstSlot + 1) : w;
        float* s2 = Rule.Slots > 2 ? b.Updated(FirstSlot + 2) : w;
        b.Parallel((count + Block - 1) / Block, (begin, end, _) =>
        {
            int first = begin * Block, last = Math.Min(end * Block, count);
            if (Simd.Is512)
                Run<V512>(w, g, s0, s1, s2, hyper, factor, first, last);
            else if (Simd.Is256)
                Run<V256>(w, g, s0, s1, s2, hyper, factor, first, last);
            else
                Run<V128>(w, g, s0, s1, s2, hyper, factor, first, last);
        });
    }

    public override void Kernel(KernelBinding b)
    {
        ArrayView<float> w = b.Updated(0), g = b.In(1), hyper = b.In(2), factor = b.In(Scaled ? 3 : 2);
        ArrayView<float> s0 = Rule.Slots > 0 ? b.Updated(FirstSlot) : w;
        ArrayView<float> s1 = Rule.Slots > 1 ? b.Updated(FirstSlot + 1) : w;
        ArrayView<float> s2 = Rule.Slots > 2 ? b.Updated(FirstSlot + 2) : w;
        var constants = new UpdateConstants(
            (float)Constants.RateFactor, (float)Constants.Decay, (float)Constants.A, (float)Constants.B, (float)(1 - Constants.A), (float)(1 - Constants.B),
            (float)Constants.Epsilon, (float)Constants.ClipValue, Scaled ? 1 : 0);
        var run = b.Loader.Items<
            ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, UpdateConstants>(OptimizerKernels.Update<Rule>);
        b.Launch(() => run(w.IntLength, w, g, hyper, factor, s0, s1, s2, constants));
    }

    // Whole vectors, then the tail in a vector of its own.
    private unsafe void Run<V>(float* w, float* g, float* m0, float* m1, float* m2, float* hyper, float* factor, int first, int last)
        where V : struct, IVector<V>
    {
        int whole = first + ((last - first) / V.Lanes * V.Lanes);
        Loop<V>(w, g, m0, m1, m2, hyper, factor, first, whole);
        if (whole == last)
            return;
        float* room = stackalloc float[5 * V.Lanes];
        new Span<float>(room, 5 * V.Lanes).Clear();
        Span<nint> arrays = [(nint)w, (nint)g, (nint)m0, (nint)m1, (nint)m2];
        for (int i = 0; i < 2 + Rule.Slots; i++)
            new ReadOnlySpan<float>((float*)arrays[i] + whole, last - whole).CopyTo(new Span<float>(room + (i * V.Lanes), V.Lanes));
        Loop<V>(room, room + V.Lanes, room + (2 * V.Lanes), room + (3 * V.Lanes), room + (4 * V.Lanes), hyper, factor, 0, V.Lanes);
        for (int i = 0; i < 2 + Rule.Slots; i++)
        {
            if (i != 1) // the gradient
                new ReadOnlySpan<float>(room + (i * V.Lanes), last - whole).CopyTo(new Span<float>((float*)arrays[i] + whole, last - whole));
        }
    }

    private unsafe void Loop<V>(float* w, float* g, float* m0, float* m1, float* m2, float* hyper, float* factor, int first, int last)
        where V : struct, IVector<V>
    {
        Hyper<V> h = HyperOf<V>(hyper[HyperLayout.Rate], hyper[HyperLayout.Correction1], hyper[HyperLayout.Correction2]);
        V scale = V.Of(factor is null ? 1 : factor[0]);
        for (int i = first; i < last; i += V.Lanes)
        {
            V s0 = Rule.Slots > 0 ? V.Load(m0 + i) : V.Of(0);
            V s1 = Rule.Slots > 1 ? V.Load(m1 + i) : V.Of(0);
            V s2 = Rule.Slots > 2 ? V.Load(m2 + i) : V.Of(0);
            Rule.Step(V.Load(w + i), Gradient(V.Load(g + i), scale), ref s0, ref s1, ref s2, h).Store(w + i);
            if (Rule.Slots > 0)
                s0.Store(m0 + i);
            if (Rule.Slots > 1)
                s1.Store(m1 + i);
            if (Rule.Slots > 2)
                s2.Store(m2 + i);
        }
    }

    private Hyper<R> HyperOf<R>(double rate, double correction1, double correction2) where R : struct, IReal<R> =>
        new(R.Of(rate * Constants.RateFactor), R.Of(Constants.Decay), R.Of(Constants.A), R.Of(Constants.B), R.Of(1 - Constants.A), R.Of(1 - Constants.B),
            R.Of(Constants.Epsilon), R.Of(correction1), R.Of(correction2));

    // Without inlining here and at each rule, the loop makes two calls per vector and is four times slower.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private R Gradient<R>(R g, R factor) where R : struct, IReal<R>
    {
        R scaled = Scaled ? g * factor : g;
        return Constants.ClipValue > 0 ? Real.Clamp(scaled, R.Of(-Constants.ClipValue), R.Of(Constants.ClipValue)) : scaled;
    }
}
