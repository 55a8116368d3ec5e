using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Gemm;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// y = γ·(x - mean)/√(variance + ε) + β, with the biased variance. Ops differ in the values that share statistics. A fused
/// elementwise op (an activation) is applied at the end, while the values are in the cache.
/// </summary>
/// <param name="Epsilon">ε, not negative.</param>
/// <param name="Affine">Whether γ and β are inputs; without them γ is 1 and β is 0.</param>
public abstract record NormOp(double Epsilon, bool Affine) : Op
{
    /// <summary>The fused elementwise op. y is its input <see cref="EpilogueInput"/>; its other inputs follow this op's.</summary>
    public MapOp? Epilogue { get; init; }

    public int EpilogueInput { get; init; }

    /// <summary>Index of the input γ; β follows.</summary>
    protected abstract int GammaInput { get; }

    private int OwnInputs => GammaInput + (Affine ? 2 : 0);

    public override Cost Cost(Node node) => new(8.0 * node.Inputs[0].Shape.Length, node.BytesTouched);

    public override Op? FuseWith(Op consumer, int input) =>
        Epilogue is null && consumer is MapOp map ? this with { Epilogue = map, EpilogueInput = input } : null;

    private KernelEpilogue KernelEpilogue => new(Epilogue, EpilogueInput, OwnInputs);

    public override void Kernel(KernelBinding b) => KernelEpilogue.Accept(new PassBinder(this, b));

    /// <summary>Adds the launches; the last one applies the fused op.</summary>
    private protected abstract void AddPasses<M, A>(KernelBinding b, Finish<M> finish, A affine) where M : struct, IMap where A : struct, IAffine;

    // γ and β of each channel.
    private protected virtual void AddPasses<M>(KernelBinding b, Finish<M> finish) where M : struct, IMap
    {
        if (Affine)
            AddPasses(b, finish, new ChannelAffine(b.In(GammaInput), b.In(GammaInput + 1)));
        else
            AddPasses(b, finish, new PlainAffine(1));
    }

    protected void CheckInputs(ReadOnlySpan<TensorType> inputs, Shape affine)
    {
        Expect.Count(inputs, OwnInputs + (Epilogue is null ? 0 : Epilogue.Arity - 1), Name);
        Expect.Element(inputs[0], ElementType.Real, "x");
        Expect.That(Epsilon >= 0, $"{Name} has epsilon {Epsilon}, expected 0 or more.");
        for (int i = 0; Affine && i < 2; i++)
            Expect.Shape(inputs[GammaInput + i], affine, i == 0 ? "gamma" : "beta");
    }

    private protected unsafe Affine AffineOf(CpuBinding b) => Affine ? new Affine(b.In(GammaInput), b.In(GammaInput + 1)) : default;

    private protected unsafe Epilogue EpilogueOf(CpuBinding b) => CpuEpilogue.Of(b, Epilogue, EpilogueInput, OwnInputs);

    private protected void RefuseEpilogue()
    {
        if (Epilogue is not null)
            throw new InvalidOperationException("The reference device runs each op by itself.");
    }

    private sealed class PassBinder(NormOp op, KernelBinding b) : IMapVisitor
    {
        public void Visit<M>(float constant) where M : struct, IMap => op.AddPasses(b, op.KernelEpilogue.Bind<M>(b, constant));
    }
}
