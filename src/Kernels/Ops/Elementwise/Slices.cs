using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>Concatenates inputs along an axis; their shapes differ in that axis only.</summary>
public sealed record Concat(int Axis) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.That(inputs.Length > 0, "Concat takes at least one input.");
        Runs.Check(inputs[0], Axis, Name);
        int size = 0;
        for (int i = 0; i < inputs.Length; i++)
        {
            Runs.Check(inputs[i], Axis, Name);
            Expect.Shape(inputs[i], inputs[0].Shape.With(Axis, inputs[i].Shape[Axis]), $"input {i}");
            size = checked(size + inputs[i].Shape[Axis]);
        }
        return [new TensorType(inputs[0].Shape.With(Axis, size))];
    }

    public override void Differentiate(Backprop b)
    {
        for (int i = 0, start = 0; i < b.Node.Inputs.Count; i++)
        {
            int length = b.Input(i).Shape[Axis];
            if (b.Needs(i))
                b.Give(i, b.Graph.Add(new Slice(Axis, start, length), b.Gradient()));
            start += length;
        }
    }

    public override void Reference(ReferenceArguments a)
    {
        var y = new Runs(a.OutShape(), Axis);
        for (int i = 0, start = 0; i < a.InCount; i++)
        {
            var x = new Runs(a.InShape(i), Axis);
            for (int o = 0; o < x.Outer; o++)
                a.In(i).Slice(o * x.Run, x.Run).CopyTo(a.Out()[((o * y.Run) + start)..]);
            start += x.Run;
        }
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        var y = new Runs(b.OutShape(), Axis);
        float* target = b.Out();
        for (int i = 0; i < b.InCount; i++)
        {
            var x = new Runs(b.InShape(i), Axis);
            Runs.AddCopy(b, x.Outer, b.In(i), x.Run, target, y.Run, x.Run);
            target += x.Run;
        }
    }

    public override void Kernel(KernelBinding b)
    {
        int run = new Runs(b.OutShape(), Axis).Run;
        ArrayView<float> y = b.Out();
        var place = b.Loader.Items<ArrayView<float>, ArrayView<float>, int, int, int>(RunKernels.Place);
        for (int i = 0, next = 0; i < b.InCount; i++)
        {
            ArrayView<float> x = b.In(i);
            int length = new Runs(b.InShape(i), Axis).Run, start = next;
            b.Launch(() => place(x.IntLength, x, y, length, run, start));
            next += length;
        }
    }
}

/// <summary><paramref name="Length"/> elements of x along an axis, starting at <paramref name="Start"/>.</summary>
public sealed record Slice(int Axis, int Start, int Length) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Runs.Check(inputs[0], Axis, Name);
        Expect.That(
            Start >= 0 && Length > 0 && Start <= inputs[0].Shape[Axis] - Length,
            $"'x' has shape {inputs[0].Shape}; a slice of {Length} from {Start} is not within axis {Axis}.");
        return [new TensorType(inputs[0].Shape.With(Axis, Length))];
    }

    public override void Differentiate(Backprop b) =>
        b.Give(0, b.Graph.Add(new Pad(Axis, Start, b.Input(0).Shape[Axis] - Start - Length), b.Gradient()));

    public override void Reference(ReferenceArguments a)
    {
        Runs x = new(a.InShape(0), Axis), y = new(a.OutShape(), Axis);
        for (int o = 0; o < x.Outer; o++)
            a.In(0).Slice((o * x.Run) + (Start * x.Inner), y.Run).CopyTo(a.Out()[(o * y.Run)..]);
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        Runs x = new(b.InShape(0), Axis), y = new(b.OutShape(), Axis);
        Runs.AddCopy(b, x.Outer, b.In(0) + ((long)Start * x.Inner), x.Run, b.Out(), y.Run, y.Run);
    }

    public override void Kernel(KernelBinding b) => Runs.AddWindow(b, Axis, -Start);
}

/// <summary>Pads x with zeros before and after along an axis: the gradient of a slice.</summary>
public sealed record Pad(int Axis, int Before, int After) : Op
{
    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, 1, Name);
        Runs.Check(inputs[0], Axis, Name);
        Expect.That(Before >= 0 && After >= 0, $"Pad has {Before} zeros before and {After} after, expected 0 or more.");
        return [new TensorType(inputs[0].Shape.With(Axis, checked(Before + inputs[0].Shape[Axis] + After)))];
    }

    public override void Differentiate(Backprop b) => b.Give(0, b.Graph.Add(new Slice(Axis, Before, b.Input(0).Shape[Axis]), b.Gradient()));

    public override void Reference(ReferenceArguments a)
    {
        Runs x = new(a.InShape(0), Axis), y = new(a.OutShape(), Axis);
        a.Out().Clear();
        for (int o = 0; o < x.Outer; o++)
            a.In(0).Slice(o * x.Run, x.Run).CopyTo(a.Out()[((o * y.Run) + (Before * x.Inner))..]);
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        Runs from = new(b.InShape(0), Axis), to = new(b.OutShape(), Axis);
        float* x = b.In(0), y = b.Out();
        int before = Before * from.Inner, after = After * from.Inner;
        b.Parallel(from.Outer, (begin, end, _) =>
        {
            for (int o = begin; o < end; o++)
            {
                float* target = y + ((long)o * to.Run);
                new Span<float>(target, before).Clear();
                new ReadOnlySpan<float>(x + ((long)o * from.Run), from.Run).CopyTo(new Span<float>(target + before, from.Run));
                new Span<float>(target + before + from.Run, after).Clear();
            }
        }, grain: Math.Max(1, 4096 / to.Run));
    }

    public override void Kernel(KernelBinding b) => Runs.AddWindow(b, Axis, Before);
}

/// <summary>A shape seen from one axis: a number of contiguous runs, each covering that axis and all inner ones.</summary>
internal readonly struct Runs(Shape shape, int axis)
{
    public int Outer { get; } = shape.LengthOf(..axis);

    /// <summary>Stride of the axis, in elements.</summary>
    public int Inner { get; } = shape.LengthOf((axis + 1)..);

    public int Run { get; } = shape.LengthOf(axis..);

    public static void Check(TensorType x, int axis, string op)
    {
        Expect.Element(x, ElementType.Real, "x");
        Expect.That(axis >= 0 && axis < x.Shape.Rank, $"'x' has shape {x.Shape}; {op} has axis {axis}, which it lacks.");
    }

    /// <summary>Adds a launch: y is x shifted by <paramref name="before"/> along the axis, with zeros where x has no elements.</summary>
    public static void AddWindow(KernelBinding b, int axis, int before)
    {
        Runs from = new(b.InShape(0), axis), to = new(b.OutShape(), axis);
        ArrayView<float> x = b.In(0), y = b.Out();
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, int, int, int>(RunKernels.Window);
        (int runX, int runY, int skip) = (from.Run, to.Run, before * from.Inner);
        b.Launch(() => run(y.IntLength, x, y, runX, runY, skip));
    }

    /// <summary>Adds a phase that copies <paramref name="count"/> runs of floats between addresses with the given strides.</summary>
    public static unsafe void AddCopy(CpuBinding b, int count, float* source, int sourceStep, float* target, int targetStep, int length) =>
        b.Parallel(count, (begin, end, _) =>
        {
            for (int i = begin; i < end; i++)
                new ReadOnlySpan<float>(source + ((long)i * sourceStep), length).CopyTo(new Span<float>(target + ((long)i * targetStep), length));
        }, grain: Math.Max(1, 4096 / length));
}
