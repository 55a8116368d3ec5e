namespace GpuGrad.Kernels.Devices.Cpu.Gemm;

/// <summary>C's block of packed panels of A times packed panels of B.</summary>
internal static unsafe class BlockProduct
{
    /// <summary>
    /// Multiplies <paramref name="rows"/> rows of packed A with <paramref name="columns"/> columns of packed B over
    /// <paramref name="kc"/> steps into C at (<paramref name="row"/>, <paramref name="column"/>).
    /// </summary>
    /// <param name="accumulate">Adds to C; otherwise overwrites it.</param>
    /// <param name="epilogue">Applied to the result, or null while more steps are to come.</param>
    public static void Run(
        float* a, float* b, int kc, int row, int rows, int column, int columns, OutputLayout output, bool accumulate, Epilogue? epilogue)
    {
        int mr = MicroKernel.Rows, nr = MicroKernel.Columns;
        float* tile = stackalloc float[mr * nr];
        for (int j = 0; j < columns; j += nr)
        {
            int width = Math.Min(nr, columns - j);
            long offset = output.OffsetOf(column + j, out int contiguous);
            for (int i = 0; i < rows; i += mr)
            {
                int height = Math.Min(mr, rows - i);
                float* panelA = a + ((long)i * kc);
                float* panelB = b + ((long)j * kc);
                float* c = output.Data + ((long)(row + i) * output.RowStride) + offset;
                if (height == mr && width == nr && contiguous >= nr)
                {
                    MicroKernel.Run(kc, panelA, mr, panelB, nr, c, output.RowStride, accumulate);
                    if (epilogue is not null)
                        ApplyEpilogue(epilogue, output, row + i, height, column + j, width);
                    continue;
                }
                MicroKernel.Run(kc, panelA, mr, panelB, nr, tile, nr, false);
                Scatter(tile, nr, output, row + i, height, column + j, width, accumulate);
                if (epilogue is not null)
                    ApplyEpilogue(epilogue, output, row + i, height, column + j, width);
            }
        }
    }

    private static void Scatter(float* tile, int nr, OutputLayout output, int row, int rows, int column, int columns, bool accumulate)
    {
        for (int done = 0; done < columns;)
        {
            long offset = output.OffsetOf(column + done, out int contiguous);
            int count = Math.Min(contiguous, columns - done);
            for (int i = 0; i < rows; i++)
            {
                float* c = output.Data + ((long)(row + i) * output.RowStride) + offset;
                float* source = tile + (i * nr) + done;
                for (int j = 0; j < count; j++)
                    c[j] = accumulate ? c[j] + source[j] : source[j];
            }
            done += count;
        }
    }

    private static void ApplyEpilogue(Epilogue epilogue, OutputLayout output, int row, int rows, int column, int columns)
    {
        for (int done = 0; done < columns;)
        {
            long offset = output.OffsetOf(column + done, out int contiguous);
            int count = Math.Min(contiguous, columns - done);
            for (int i = 0; i < rows; i++)
            {
                long at = ((long)(row + i) * output.RowStride) + offset;
                epilogue.Apply(output.Data + at, row + i, column + done, count, at);
            }
            done += count;
        }
    }
}
