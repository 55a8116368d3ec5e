using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// Base of convolution and transposed convolution, with an optional bias per output channel and a fused
/// elementwise op. Inputs: images, weights [K, C/groups, R, S], bias, the other inputs of the elementwise op.
/// </summary>
public abstract record ConvolutionOp(ConvGeometry Geometry, bool Bias) : Op
{
    /// <summary>The fused elementwise op. The result is its input <see cref="EpilogueInput"/>; its other inputs follow the convolution's.</summary>
    public MapOp? Epilogue { get; init; }

    public int EpilogueInput { get; init; }

    public override bool HasPrecision => true;

    private int OwnInputs => Bias ? 3 : 2;

    public override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Expect.Count(inputs, OwnInputs + (Epilogue is null ? 0 : Epilogue.Arity - 1), Name);
        Shape result = Result(Sizes(inputs[0], inputs[1]));
        if (Bias)
            Expect.Shape(inputs[2], new Shape(result[1]), "bias");
        foreach (TensorType other in inputs[OwnInputs..])
            Expect.Shape(other, result, Name);
        return [new TensorType(result)];
    }

    public override Cost Cost(Node node) => new(Sizes(node).Flops, node.BytesTouched);

    public override Op? FuseWith(Op consumer, int input) =>
        Epilogue is null && consumer is MapOp map ? this with { Epilogue = map, EpilogueInput = input } : null;

    /// <summary>All sizes, from the types of images and weights.</summary>
    internal abstract ConvSizes Sizes(TensorType images, TensorType weights);

    internal ConvSizes Sizes(Node node) => Sizes(node.Inputs[0].Type, node.Inputs[1].Type);

    /// <summary>The shape of the result.</summary>
    internal abstract Shape Result(ConvSizes sizes);

    private protected unsafe void AddCpuPhases(CpuBinding b, bool transposed)
    {
        Epilogue epilogue = CpuEpilogue.Of(b, Epilogue, EpilogueInput, OwnInputs, rowBias: Bias ? b.In(2) : null);
        ConvSizes z = Sizes(b.Node);
        if (DepthwisePlane.Suits(z))
        {
            new CpuDepthwise(b, z, transposed, b.In(0), b.In(1), b.Out(), epilogue).AddPhases();
            return;
        }
        Correlation c = transposed ? Correlation.Transposed(z) : Correlation.Forward(z);
        if (WinogradBlocking.Suits(c))
        {
            if (LaneWinogradBlocking.Suits(c))
                new CpuLaneWinograd(b, c, b.In(0), b.In(1), b.Out(), epilogue).AddPhases();
            else
                new CpuWinograd(b, c, b.In(0), b.In(1), b.Out(), epilogue).AddPhases();
        }
        else if (LaneBlocking.Suits(c))
            new CpuLaneCorrelation(b, c, b.In(0), b.In(1), b.Out(), epilogue).AddPhases();
        else
            new CpuCorrelation(b, c, b.In(0), b.In(1), b.Out(), epilogue).AddPhases();
    }

    private protected void AddKernels(KernelBinding b, bool isTransposed) =>
        new ConvolutionKernel(b, isTransposed ? Correlation.Transposed(Sizes(b.Node)) : Correlation.Forward(Sizes(b.Node)), new KernelEpilogue(Epilogue, EpilogueInput, OwnInputs, Bias ? 2 : -1)).Add();

    private protected void RefuseEpilogue()
    {
        if (Epilogue is not null)
            throw new InvalidOperationException("The reference device runs ops unfused.");
    }
}
