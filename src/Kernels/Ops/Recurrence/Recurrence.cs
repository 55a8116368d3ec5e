using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Ops.Steps;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Recurrence;

/// <summary>
/// A layer of recurrent cells over all steps: h_t = cell(p_t, W·h_{t-1} + b, h_{t-1}), where p is the projection of the input at all steps, a single
/// GEMM that comes before this op. The state before the first step is given, or 0.
/// </summary>
/// <remarks>
/// <para>Inputs: p [N, T, G·H], w [G·H, H], bias [G·H] where <paramref name="Bias"/>, the state before the first step [N, H] where <paramref name="Given"/> (of an
/// LSTM h, then c), to which no gradient flows, lengths Int32 [N] where <paramref name="Lengths"/>.
/// Outputs: h [N, T, H] and, for LSTM and GRU, the numbers saved for the backward pass [N, T, S·H].</para>
/// <para>Beyond a sample's length the state is unchanged, so h at the end of the pass is always the state after the last real step; in
/// reverse the pass starts after the end and the state is 0 until it reaches the last real step.</para>
/// <para>One op and not T copies of a cell in the graph: the weights are packed once for all steps, a step is one phase (the GEMM and the cell's
/// functions on the tile while it is in the cache), the saved numbers are one tensor, and the gradients of the weights are one
/// GEMM over N·T rows, not T accumulations. With T = 64 an unrolled graph has 300 nodes per layer, each with its own temporaries.</para>
/// </remarks>
/// <param name="Cell">The recurrent cell.</param>
/// <param name="Reverse">Whether to run from the last step to the first.</param>
/// <param name="Bias">Whether the recurrent part has a bias.</param>
/// <param name="Lengths">Whether samples have lengths, 1 to T.</param>
/// <param name="Given">Whether the state before the first step is an input; not in reverse.</param>
public sealed record Recurrence(RecurrentCell Cell, bool Reverse = false, bool Bias = true, bool Lengths = false, bool Given = false) : Op
{
    public override string Name => $"Recurrence {Cell}";

    internal int StateInput => Bias ? 3 : 2;

    private int LengthsInput => StateInput + (Given ? Cell.States : 0);

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, LengthsInput + (Lengths ? 1 : 0), Name);
        Expect.Rank(inputs[0], 3, "p", "[samples, steps, gates × units]");
        Expect.Element(inputs[0], ElementType.Real, "p");
        Expect.Rank(inputs[1], 2, "w", "[gates × units, units]");
        int units = inputs[1].Shape[1], rows = checked(Cell.Gates * units);
        Expect.Shape(inputs[1], new Shape(rows, units), "w");
        Expect.Shape(inputs[0], inputs[0].Shape.With(2, rows), "p");
        if (Bias)
            Expect.Shape(inputs[2], new Shape(rows), "bias");
        Expect.That(!Given || !Reverse, "a state before the first step is given to a walk that begins at the end; expected one forward.");
        for (int i = 0; i < (Given ? Cell.States : 0); i++)
            Expect.Shape(inputs[StateInput + i], new Shape(inputs[0].Shape[0], units), "state");
        if (Lengths)
            StepLengths.Check(inputs[^1], inputs[0].Shape[0]);
        var h = new TensorType(inputs[0].Shape.With(2, units));
        return Cell.Saved == 0 ? [h] : [h, new TensorType(h.Shape.With(2, checked(Cell.Saved * units)))];
    }

    public override Cost Cost(Node node)
    {
        Shape h = node.Outputs[0].Shape;
        return new Cost(h.Length * ((2.0 * Cell.Gates * h[2]) + Cell.Flops), node.BytesTouched);
    }

    public override void Differentiate(Backprop b)
    {
        Tensor h = b.Output(0), w = b.Input(1);
        Tensor[] saved = Cell.Saved == 0 ? [] : [b.Output(1)], lengths = Lengths ? [b.Input(LengthsInput)] : [];
        Tensor[] state = Given ? [.. Enumerable.Range(StateInput, Cell.States).Select(b.Input)] : [];
        IReadOnlyList<Tensor> d = b.Graph.AddAll(new RecurrenceGradient(Cell, Reverse, Lengths, Given), [b.Gradient(), h, w, .. saved, .. state, .. lengths]);
        b.Give(0, d[0]);
        Tensor rows = b.Graph.Reshape(d[^1], new Shape(h.Shape.LengthOf(..2), w.Shape[0]));
        if (b.Needs(1))
            b.Give(1, WeightGradient(b.Graph, rows, h, w.Shape, state.FirstOrDefault()));
        if (Bias && b.Needs(2))
            b.Give(2, b.Graph.Add(new ChannelSum(1), rows));
    }

    public override void Reference(ReferenceArguments a) => Cell.Accept(new ReferenceRecurrence(a, this));

    public override void Cpu(CpuBinding b) => Cell.Accept(new CpuRecurrence(b, this));

    public override void Kernel(KernelBinding b) => Cell.Accept(new RecurrenceLaunch(b, this));

    // dW = Σ over samples and steps of dq_t · h_{t-1}ᵀ.
    private Tensor WeightGradient(Graph graph, Tensor rows, Tensor h, Shape w, Tensor? first)
    {
        int steps = h.Shape[1];
        if (steps == 1 && first is null)
            return graph.Add(new Fill(0, w));
        Tensor[] others = steps == 1 ? [] : [graph.Add(new Slice(1, Reverse ? 1 : 0, steps - 1), h)];
        Tensor before = first is null
            ? graph.Add(new Pad(1, Reverse ? 0 : 1, Reverse ? 1 : 0), others)
            : graph.Add(new Concat(1), [graph.Reshape(first, h.Shape.With(1, 1)), .. others]);
        return graph.Add(new MatMul(TransposeA: true), rows, graph.Reshape(before, new Shape(rows.Shape[0], w[1])));
    }
}

/// <summary>
/// Back-propagation through time: the gradients of the pre-activations at every step, from the last step of the pass to its first. The gradient of
/// h_{t-1} is dq_t·W plus what bypasses the gates.
/// </summary>
/// <remarks>
/// Inputs: dh [N, T, H], h [N, T, H], w [G·H, H], the saved numbers [N, T, S·H] if the cell has any, the state before the first step
/// where <paramref name="Given"/>, lengths Int32 [N] where <paramref name="Lengths"/>. Outputs: dp [N, T, G·H] and, where they differ from it (GRU), dq [N, T, G·H]; 0 beyond a sample's length.
/// </remarks>
public sealed record RecurrenceGradient(RecurrentCell Cell, bool Reverse, bool Lengths, bool Given = false) : Op
{
    public override string Name => $"Recurrence gradient {Cell}";

    internal int StateInput => Cell.Saved > 0 ? 4 : 3;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        int saves = Cell.Saved > 0 ? 1 : 0;
        Expect.Count(inputs, StateInput + (Given ? Cell.States : 0) + (Lengths ? 1 : 0), Name);
        Shape h = inputs[1].Shape;
        Expect.Rank(inputs[1], 3, "h", "[samples, steps, units]");
        Expect.Shape(inputs[0], h, "dh");
        Expect.Shape(inputs[2], new Shape(checked(Cell.Gates * h[2]), h[2]), "w");
        if (saves > 0)
            Expect.Shape(inputs[3], h.With(2, checked(Cell.Saved * h[2])), "saved");
        for (int i = 0; i < (Given ? Cell.States : 0); i++)
            Expect.Shape(inputs[StateInput + i], new Shape(h[0], h[2]), "state");
        if (Lengths)
            StepLengths.Check(inputs[^1], h[0]);
        var dp = new TensorType(h.With(2, inputs[2].Shape[0]));
        return Cell.Splits ? [dp, dp] : [dp];
    }

    public override Cost Cost(Node node)
    {
        Shape h = node.Inputs[1].Shape;
        return new Cost(h.Length * ((2.0 * Cell.Gates * h[2]) + (0.5 * Cell.Flops)), node.BytesTouched);
    }

    public override void Reference(ReferenceArguments a) => Cell.Accept(new ReferenceRecurrenceGradient(a, this));

    public override void Cpu(CpuBinding b) => Cell.Accept(new CpuRecurrenceGradient(b, this));

    public override void Kernel(KernelBinding b) => Cell.Accept(new RecurrenceGradientLaunch(b, this));
}

/// <summary>The order of the steps in a pass over a sequence.</summary>
internal readonly record struct Walk(int Steps, bool Reverse)
{
    /// <summary>The step with the given <paramref name="number"/> in the order; negative if out of range.</summary>
    public int At(int number) => number < 0 || number >= Steps ? -1 : Reverse ? Steps - 1 - number : number;
}
