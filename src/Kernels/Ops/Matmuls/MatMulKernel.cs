using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Gemm;
using GpuGrad.Kernels.Ops.Elementwise;

namespace GpuGrad.Kernels.Ops.Matmuls;

/// <summary>Chooses the kernel of a matmul by the layout of its operands and its epilogue.</summary>
internal sealed class MatMulKernel(KernelBinding b, bool transposeA, bool transposeB, KernelEpilogue epilogue) : IMapVisitor
{
    public void Add() => epilogue.Accept(this);

    public void Visit<M>(float constant) where M : struct, IMap
    {
        Finish<M> finish = epilogue.Bind<M>(b, constant);
        bool aligned = b.OutShape()[1] % 4 == 0 && b.IsOutAligned();
        WithLeft(new MatrixResult<M>(b.Out(), b.OutShape()[1], aligned ? 1 : 0, finish));
    }

    private void WithLeft<S>(S result) where S : struct, IResult
    {
        int rows = b.InShape(0)[0], columns = b.InShape(0)[1];
        bool aligned = IsAligned(0);
        if (transposeA && aligned)
            WithRight(new AlignedColumns(b.In(0), rows, columns), result);
        else if (transposeA)
            WithRight(new Columns(b.In(0), rows, columns), result);
        else if (aligned)
            WithRight(new AlignedRows(b.In(0), rows, columns), result);
        else
            WithRight(new Rows(b.In(0), rows, columns), result);
    }

    private void WithRight<A, S>(A left, S result) where A : struct, IOperand where S : struct, IResult
    {
        int rows = b.InShape(1)[0], columns = b.InShape(1)[1];
        bool aligned = IsAligned(1);
        if (transposeB && aligned)
            Finish(left, new AlignedRows(b.In(1), rows, columns), result);
        else if (transposeB)
            Finish(left, new Rows(b.In(1), rows, columns), result);
        else if (aligned)
            Finish(left, new AlignedColumns(b.In(1), rows, columns), result);
        else
            Finish(left, new Columns(b.In(1), rows, columns), result);
    }

    private void Finish<A, B, S>(A left, B right, S result) where A : struct, IOperand where B : struct, IOperand where S : struct, IResult =>
        KernelGemm.Add(b, b.OutShape()[0], b.OutShape()[1], b.InShape(0)[transposeA ? 0 : 1], 1, left, right, result);

    private bool IsAligned(int input) => b.InShape(input)[1] % 4 == 0 && b.IsAligned(input);
}
