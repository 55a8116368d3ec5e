using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Convolutions;

namespace GpuGrad.Kernels.Ops.Pooling;

/// <summary>
/// Computes something for each window: over <c>columns</c> neighbouring windows, whose elements are at <c>pixels</c> +
/// offsets[place] + column, places in scan order. Writes whole vectors.
/// </summary>
internal unsafe delegate void WindowLoop(float* pixels, int* offsets, int places, int columns, float* values, float* marks);

/// <summary>
/// Pooling on the CPU: a channel is rearranged so that neighbouring windows are adjacent, as for a convolution; then
/// whole vectors of windows are computed at once, whatever their size and stride.
/// </summary>
internal sealed unsafe class CpuWindows
{
    private const int MostColumns = 4096;

    private readonly CpuBinding binding;
    private readonly PoolSizes z;
    private readonly float fill;
    private readonly PixelLayout layout;
    private readonly int* offsets; // of each tap
    private readonly int bandRows;
    private readonly int bands;
    private readonly WorkerScratch pixels;
    private readonly WorkerScratch values;
    private readonly WorkerScratch marks;

    /// <param name="binding">Binding of the op.</param>
    /// <param name="z">Sizes.</param>
    /// <param name="fill">Value of the padding.</param>
    public CpuWindows(CpuBinding binding, PoolSizes z, float fill)
    {
        (this.binding, this.z, this.fill) = (binding, z, fill);
        (int r, int s) = z.Geometry.Window;
        Tap[] taps = [.. Enumerable.Range(0, r * s).Select(i => new Tap((i / s) - z.Geometry.Padding.Top, (i % s) - z.Geometry.Padding.Left, i))];
        bandRows = PixelLayout.BandOf(z.P, z.Q, MostColumns).Rows;
        bands = (z.P + bandRows - 1) / bandRows;
        layout = new PixelLayout((z.H, z.W), z.Geometry.Stride, taps, bandRows, z.Q, wholeRows: true);
        offsets = binding.Table([.. taps.Select(layout.OffsetOf)]);
        // The last vector may start at the last window.
        int beyond = Simd.Lanes - 1;
        pixels = binding.ScratchOfWorkers((long)layout.PlaneLength + layout.Tail + beyond);
        values = binding.ScratchOfWorkers((long)layout.ColumnsOf(bandRows, z.Q) + beyond);
        marks = binding.ScratchOfWorkers((long)layout.ColumnsOf(bandRows, z.Q) + beyond);
    }

    /// <summary>Adds the phase: a loop over all windows, then a function for each row of values and marks.</summary>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="loop">Computes values and marks.</param>
    /// <param name="copyOut">Receives values, marks, output row p and the offset of the row in the output.</param>
    public void AddPhase(float* x, WindowLoop loop, CopyRow copyOut)
    {
        binding.Parallel(checked(z.Planes * bands), (begin, end, worker) =>
        {
            float* pixel = pixels.Of(worker), value = values.Of(worker), mark = marks.Of(worker);
            for (int task = begin; task < end; task++)
            {
                (int plane, int band) = Math.DivRem(task, bands);
                int row = band * bandRows, rows = Math.Min(bandRows, z.P - row);
                layout.Pack(x + ((long)plane * z.H * z.W), row, 0, pixel, fill);
                Copies.Fill(pixel + layout.PlaneLength, layout.Tail, fill);
                loop(pixel, offsets, z.Geometry.Window.R * z.Geometry.Window.S, layout.ColumnsOf(rows, z.Q), value, mark);
                for (int i = 0; i < rows; i++)
                    copyOut(value + (i * layout.Pitch), mark + (i * layout.Pitch), row + i, (((long)plane * z.P) + row + i) * z.Q);
            }
        }, grain: Math.Max(1, 4096 / (z.H * z.W)));
    }
}

/// <summary>Receives a row of results.</summary>
internal unsafe delegate void CopyRow(float* values, float* marks, int p, long output);
