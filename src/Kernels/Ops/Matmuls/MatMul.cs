using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Matmuls;

/// <summary>
/// C [M, N] = A·B (+ bias [N] to each row) (then an elementwise op). A is [M, K], or [K, M] transposed; B is [K, N], or
/// [N, K] transposed, the layout of a dense layer's weights.
/// </summary>
public sealed record MatMul(bool TransposeA = false, bool TransposeB = false, bool Bias = false) : Op
{
    /// <summary>The fused elementwise op. The matmul's result is its input <see cref="EpilogueInput"/>; its other inputs follow the matmul's.</summary>
    public MapOp? Epilogue { get; init; }

    public int EpilogueInput { get; init; }

    public override bool HasPrecision => true;

    private int OwnInputs => Bias ? 3 : 2;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, OwnInputs + (Epilogue is null ? 0 : Epilogue.Arity - 1), Name);
        Expect.Rank(inputs[0], 2, "a", TransposeA ? "[K, M]" : "[M, K]");
        Expect.Rank(inputs[1], 2, "b", TransposeB ? "[N, K]" : "[K, N]");
        (int m, int k) = TransposeA ? (inputs[0].Shape[1], inputs[0].Shape[0]) : (inputs[0].Shape[0], inputs[0].Shape[1]);
        (int kb, int n) = TransposeB ? (inputs[1].Shape[1], inputs[1].Shape[0]) : (inputs[1].Shape[0], inputs[1].Shape[1]);
        Expect.That(k == kb, $"'a' has shape {inputs[0].Shape} and 'b' {inputs[1].Shape}{(TransposeB ? " (transposed)" : "")}: they share no inner size ({k} and {kb}).");
        if (Bias)
            Expect.Shape(inputs[2], new Shape(n), "bias");
        return [new TensorType(new Shape(m, n))];
    }

    public override Cost Cost(Node node)
    {
        Shape c = node.Outputs[0].Shape;
        return new Cost(2.0 * c.Length * InnerSize(node), node.BytesTouched);
    }

    public override Op? FuseWith(Op consumer, int input) =>
        Epilogue is null && consumer is MapOp map ? this with { Epilogue = map, EpilogueInput = input } : null;

    public override void Differentiate(Backprop b)
    {
        Tensor a = b.Input(0), w = b.Input(1), dy = b.Gradient();
        if (b.Needs(0))
        {
            // A's gradient is dC·Bᵀ; if A itself is read transposed, that is (dC·Bᵀ)ᵀ = B·dCᵀ.
            b.Give(0, TransposeA
                ? b.Graph.Add(new MatMul(TransposeB, true), w, dy)
                : b.Graph.Add(new MatMul(false, !TransposeB), dy, w));
        }
        if (b.Needs(1))
        {
            b.Give(1, TransposeB
                ? b.Graph.Add(new MatMul(true, TransposeA), dy, a)
                : b.Graph.Add(new MatMul(!TransposeA, false), a, dy));
        }
        if (Bias && b.Needs(2))
            b.Give(2, b.Graph.Add(new ChannelSum(1), dy));
    }

    public override void Reference(ReferenceArguments a)
    {
        int m = a.OutShape()[0], n = a.OutShape()[1], k = InnerSize(a.Node);
        ReadOnlySpan<double> x = a.In(0), w = a.In(1);
        Span<double> y = a.Out();
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double sum = Bias ? a.In(2)[j] : 0;
                for (int step = 0; step < k; step++)
                    sum += x[TransposeA ? (step * m) + i : (i * k) + step] * w[TransposeB ? (j * k) + step : (step * n) + j];
                y[(i * n) + j] = sum;
            }
        }
        if (Epilogue is not null)
            throw new InvalidOperationException("The reference device runs each op by itself.");
    }

    public override unsafe void Cpu(CpuBinding b)
    {
        int m = b.OutShape()[0], n = b.OutShape()[1], k = InnerSize(b.Node);
        new CpuGemm(b, m, n, k)
        {
            A = TransposeA ? Factor.OfSteps(b.In(0), m) : Factor.OfLines(b.In(0), k),
            B = TransposeB ? Factor.OfLines(b.In(1), k) : Factor.OfSteps(b.In(1), n),
            C = b.Out(),
            Epilogue = CpuEpilogue.Of(b, Epilogue, EpilogueInput, OwnInputs, columnBias: Bias ? b.In(2) : null),
        }.AddPhases();
    }

    public override void Kernel(KernelBinding b) =>
        new MatMulKernel(b, TransposeA, TransposeB, new KernelEpilogue(Epilogue, EpilogueInput, OwnInputs, Bias ? 2 : -1)).Add();

    private int InnerSize(Node node) => node.Inputs[0].Shape[TransposeA ? 0 : 1];
}
