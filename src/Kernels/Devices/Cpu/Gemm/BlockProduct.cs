namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>C's block of packed panels of A times packed panels of B.</summary>
internal static unsafe class BlockProduct
{
    /// <summary>
    /// Multiplies <paramref name="rows"/> rows of packed A with <paramref name="columns"/> columns of packed B over
    /// <paramref name="kc"/> steps into C, whose rows are <paramref name="ldc"/> floats long, at (<paramref name="row"/>,
    /// <paramref name="column"/>).
    /// </summary>
    /// <param name="accumulate">Adds to C; otherwise overwrites it.</param>
    /// <param name="epilogue">Applied to the result, or null while more steps are to come.</param>
    public static void Run(
        float* a, float* b, int kc, int row, int rows, int column, int columns, float* c, int ldc, bool accumulate, Epilogue? epilogue)
    {
        int mr = MicroKernel.Rows, nr = MicroKernel.Columns;
        float* tile = stackalloc float[mr * nr];
        for (int j = 0; j < columns; j += nr)
        {
            int width = Math.Min(nr, columns - j);
            float* panelB = b + ((long)j * kc);
            for (int i = 0; i < rows; i += mr)
            {
                int height = Math.Min(mr, rows - i);
                float* panelA = a + ((long)i * kc);
                long offset = ((long)(row + i) * ldc) + column + j;
                if (height == mr && width == nr)
                {
                    MicroKernel.Run(kc, panelA, mr, panelB, nr, c + offset, ldc, accumulate);
                }
                else
                {
                    MicroKernel.Run(kc, panelA, mr, panelB, nr, tile, nr, false);
                    CopyOut(tile, nr, c + offset, ldc, height, width, accumulate);
                }
                for (int r = 0; r < height && epilogue is not null; r++, offset += ldc)
                    epilogue.Apply(c + offset, row + i + r, column + j, width, offset);
            }
        }
    }

    private static void CopyOut(float* tile, int nr, float* c, int ldc, int rows, int columns, bool accumulate)
    {
        for (int i = 0; i < rows; i++, tile += nr, c += ldc)
        {
            for (int j = 0; j < columns; j++)
                c[j] = accumulate ? c[j] + tile[j] : tile[j];
        }
    }
}
