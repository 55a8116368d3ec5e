using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Tests;

public sealed unsafe class TransposeTests
{
    [Fact]
    public void Every_size_up_to_two_blocks_is_transposed_and_nothing_else_is_written()
    {
        for (int rows = 1; rows <= 35; rows++)
        {
            for (int columns = 1; columns <= 35; columns++)
                Check(rows, columns, sourceStride: columns + 2, targetStride: rows + 3);
        }
    }

    private static void Check(int rows, int columns, int sourceStride, int targetStride)
    {
        float[] source = [.. Enumerable.Range(0, rows * sourceStride).Select(i => (float)i)], target = new float[columns * targetStride];
        Array.Fill(target, -1);
        fixed (float* from = source, to = target)
            Transpose.Run(from, sourceStride, to, targetStride, rows, columns);
        for (int i = 0; i < target.Length; i++)
        {
            (int column, int row) = Math.DivRem(i, targetStride);
            Assert.Equal(row < rows ? source[(row * sourceStride) + column] : -1, target[i]);
        }
    }
}
