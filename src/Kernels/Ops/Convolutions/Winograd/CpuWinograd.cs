using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// A correlation with 3×3 filters on the CPU by Winograd's algorithm: the weights are transformed once; then each task
/// transforms the pixels of some rows of tiles, multiplies them with all weights at the 16 positions, and transforms back.
/// </summary>
internal sealed unsafe class CpuWinograd
{
    private readonly CpuBinding binding;
    private readonly Correlation c;
    private readonly WinogradBlocking blocks;
    private readonly PixelLayout layout;
    private readonly float* x;
    private readonly float* y;
    private readonly float* bias; // per target channel, or null
    private readonly Epilogue epilogue;
    private readonly int* channelOffsets;
    private readonly WinogradWeights weights;
    private readonly WorkerScratch planes;
    private readonly WorkerScratch pixels;
    private readonly WorkerScratch products;
    private readonly WorkerScratch outputs; // [output of a tile, 4][tile]

    /// <param name="binding">The op's binding.</param>
    /// <param name="c">The correlation to compute.</param>
    /// <param name="x">[images, groups · source channels, source H, source W].</param>
    /// <param name="weights">The weights, with the strides of <paramref name="c"/>.</param>
    /// <param name="y">[images, groups · target channels, target H, target W].</param>
    /// <param name="epilogue">Bias and elementwise op; its rows are target channels.</param>
    public CpuWinograd(CpuBinding binding, Correlation c, float* x, float* weights, float* y, Epilogue epilogue)
    {
        (this.binding, this.c) = (binding, c);
        bias = epilogue.RowBias;
        this.epilogue = new Epilogue { Map = epilogue.Map, Position = epilogue.Position, Other0 = epilogue.Other0, Other1 = epilogue.Other1 };
        this.x = x;
        this.y = y;
        blocks = new WinogradBlocking(c);
        IReadOnlyList<Tap> taps = c.Passes[0].Taps;
        (int h, int w) = (taps.Min(t => t.H), taps.Min(t => t.W));
        Tap[] corners = [new Tap(h, w, 0), new Tap(h + 3, w + 3, 0)]; // of the pixels that a tile reads
        int rows = (2 * Math.Min(blocks.Rows, blocks.TileRows)) - 1, columns = (2 * blocks.TileColumns) - 1;
        layout = new PixelLayout(c.Source, (1, 1), corners, rows, columns, wholeRows: true);
        channelOffsets = binding.Table([.. Enumerable.Range(0, c.SourceChannels).Select(i => i * blocks.ChannelFloats)]);

        this.weights = new WinogradWeights(binding, c, weights, TapMicroKernel.Wide.Rows);
        planes = binding.ScratchOfWorkers(layout.PlaneLength + layout.Tail + (2 * Simd.Lanes));
        pixels = binding.ScratchOfWorkers(((long)Winograd.Positions * blocks.PositionFloats) + RowSlack);
        products = binding.ScratchOfWorkers((long)Winograd.Positions * ProductFloats);
        outputs = binding.ScratchOfWorkers(4L * blocks.Columns);
    }

    // Whole tiles of the micro-kernel may write beyond the last column.
    private static int RowSlack => TapMicroKernel.Wide.Vectors * Simd.Lanes;

    // Strides of the products between rows and between positions, in floats.
    private int RowLength => CacheLine.Odd(blocks.Columns + RowSlack);

    private int ProductFloats => CacheLine.Odd(TapMicroKernel.Wide.Rows * RowLength);

    public void AddPhases()
    {
        weights.AddPhase();
        binding.Parallel(blocks.Tasks, (begin, end, worker) =>
        {
            for (int task = begin; task < end; task++)
                Run(task / c.Groups * blocks.Rows, task % c.Groups, worker);
        });
    }

    private void Run(int firstRow, int group, int worker)
    {
        float* pixel = pixels.Of(worker), product = products.Of(worker), output = outputs.Of(worker);
        int endRow = Math.Min(firstRow + blocks.Rows, blocks.AllRows);
        TransformPixels(firstRow, endRow, group, planes.Of(worker), pixel);
        int vectors = ((endRow - firstRow) * blocks.TileColumns + Simd.Lanes - 1) / Simd.Lanes;
        for (int tile = 0; tile < weights.Tiles; tile++)
        {
            Multiply(weights.Panel(group, tile), pixel, vectors, product);
            int first = tile * TapMicroKernel.Wide.Rows, end = Math.Min(first + TapMicroKernel.Wide.Rows, c.TargetChannels);
            for (int channel = first; channel < end; channel++)
            {
                int columns = vectors * Simd.Lanes;
                float shift = bias is null ? 0 : bias[(group * c.TargetChannels) + channel];
                TransformProducts(product + ((channel - first) * RowLength), ProductFloats, columns, shift, output);
                CopyOut(output, columns, firstRow, endRow, group, channel);
            }
        }
    }

    // Transforms pixels to [position][channel][tile].
    private void TransformPixels(int firstRow, int endRow, int group, float* plane, float* pixel)
    {
        for (int channel = 0; channel < c.SourceChannels; channel++)
        {
            float* target = pixel + ((long)channel * blocks.ChannelFloats);
            for (int row = firstRow; row < endRow;)
            {
                (int image, int rowOfImage) = Math.DivRem(row, blocks.TileRows);
                int rows = Math.Min(blocks.TileRows - rowOfImage, endRow - row);
                float* source = x + (((((long)image * c.Groups) + group) * c.SourceChannels) + channel) * c.Source.H * c.Source.W;
                // Prefetches the next channel's pixels while this one's are transformed.
                CacheLine.Prefetch(source + (c.Source.H * c.Source.W) + (2 * rowOfImage * c.Source.W), 2 * rows * c.Source.W, 1, 0);
                layout.Pack(source, 2 * rowOfImage, 0, plane);
                Copies.Clear(plane + layout.PlaneLength, layout.Tail);
                for (int i = 0; i < rows; i++, target += blocks.TileColumns)
                    TransformRow(plane + (2 * i * layout.Pitch), target);
                row += rows;
            }
        }
    }

    private void TransformRow(float* plane, float* target)
    {
        if (Simd.Is512)
            Winograd.Pixels<V512>(plane, layout.Pitch, blocks.TileColumns, target, blocks.PositionFloats);
        else if (Simd.Is256)
            Winograd.Pixels<V256>(plane, layout.Pitch, blocks.TileColumns, target, blocks.PositionFloats);
        else
            Winograd.Pixels<V128>(plane, layout.Pitch, blocks.TileColumns, target, blocks.PositionFloats);
    }

    private void Multiply(float* panel, float* pixel, int vectors, float* product)
    {
        float** columns = stackalloc float*[TapMicroKernel.Wide.Vectors], results = stackalloc float*[TapMicroKernel.Wide.Vectors];
        for (int position = 0; position < Winograd.Positions; position++)
        {
            for (int v = 0; v < vectors; v += TapMicroKernel.Wide.Vectors)
            {
                for (int i = 0; i < TapMicroKernel.Wide.Vectors; i++)
                {
                    columns[i] = pixel + ((v + i) * Simd.Lanes);
                    results[i] = product + ((v + i) * Simd.Lanes);
                }
                TapMicroKernel.Wide.Run(c.SourceChannels, panel, channelOffsets, columns, results, 0, RowLength, false);
            }
            panel += c.SourceChannels * TapMicroKernel.Wide.Rows;
            pixel += blocks.PositionFloats;
            product += ProductFloats;
        }
    }

    private static void TransformProducts(float* products, long stride, int columns, float shift, float* outputs)
    {
        if (Simd.Is512)
            Winograd.Outputs<V512>(products, stride, columns, shift, outputs);
        else if (Simd.Is256)
            Winograd.Outputs<V256>(products, stride, columns, shift, outputs);
        else
            Winograd.Outputs<V128>(products, stride, columns, shift, outputs);
    }

    // A row of tiles is two rows of the image; in each, the two results of a tile alternate.
    private void CopyOut(float* outputs, int columns, int firstRow, int endRow, int group, int channel)
    {
        (int height, int width) = c.Target;
        for (int row = firstRow; row < endRow;)
        {
            (int image, int rowOfImage) = Math.DivRem(row, blocks.TileRows);
            int rows = Math.Min(blocks.TileRows - rowOfImage, endRow - row), begin = 2 * rowOfImage, end = Math.Min(height, begin + (2 * rows));
            long offset = ((((((long)image * c.Groups) + group) * c.TargetChannels) + channel) * height + begin) * width;
            for (int h = begin; h < end; h++)
            {
                float* from = outputs + (h % 2 * 2 * columns) + ((row - firstRow + ((h - begin) / 2)) * blocks.TileColumns);
                Copies.Zip(from, from + columns, y + offset + ((h - begin) * width), width);
            }
            if (!epilogue.IsEmpty)
                epilogue.Apply(y + offset, (group * c.TargetChannels) + channel, 0, (end - begin) * width, offset);
            row += rows;
        }
    }
}
