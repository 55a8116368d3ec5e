using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// A correlation with 3×3 filters on the CPU by Winograd's algorithm, with one image per vector lane: the transforms
/// add contiguous whole vectors, and no tile is split by the end of a row. For vectors of 16 lanes only.
/// </summary>
internal sealed unsafe class CpuLaneWinograd
{
    // Strides of the products between filters and between positions, in floats.
    private static readonly int ResultRow = LaneMicroKernel.Wide.Columns * ImageLanes.Lanes;
    private static readonly int ProductFloats = CacheLine.Odd(LaneMicroKernel.Wide.Rows * ResultRow);

    private readonly CpuBinding binding;
    private readonly Correlation c;
    private readonly LaneWinogradBlocking blocks;
    private readonly ImageLanes layout;
    private readonly WinogradWeights weights;
    private readonly float* x;
    private readonly float* y;
    private readonly Epilogue epilogue;
    private readonly int firstTapRow;
    private readonly int firstTapColumn;
    private readonly LaneStep step;
    private readonly int* origin; // a zero: the offset of a GEMM's only tap
    private readonly WorkerScratch planes;
    private readonly WorkerScratch workspace;
    private readonly WorkerScratch pixels;
    private readonly WorkerScratch products;
    private readonly WorkerScratch outputs;
    private readonly int outputRow; // floats per row of a filter's outputs
    private readonly int outputFloats; // floats of all outputs of a filter

    /// <param name="binding">The op's binding.</param>
    /// <param name="c">The correlation to compute.</param>
    /// <param name="x">[images, groups · source channels, source H, source W].</param>
    /// <param name="weights">The weights, with the strides of <paramref name="c"/>.</param>
    /// <param name="y">[images, groups · target channels, target H, target W].</param>
    /// <param name="epilogue">Bias and elementwise op; its rows are target channels.</param>
    public CpuLaneWinograd(CpuBinding binding, Correlation c, float* x, float* weights, float* y, Epilogue epilogue)
    {
        (this.binding, this.c, this.epilogue) = (binding, c, epilogue);
        this.x = x;
        this.y = y;
        origin = binding.Table([0]);
        blocks = new LaneWinogradBlocking(c);
        this.weights = new WinogradWeights(binding, c, weights, LaneMicroKernel.Wide.Rows);
        IReadOnlyList<Tap> taps = c.Passes[0].Taps;
        (firstTapRow, firstTapColumn) = (taps.Min(t => t.H), taps.Min(t => t.W));
        int lastColumn = (2 * (blocks.TileColumns - 1)) + firstTapColumn + 3;
        layout = new ImageLanes(c.Source, Math.Max(0, -firstTapColumn), Math.Max(0, lastColumn - (c.Source.W - 1)));
        step = new LaneStep(c.SourceChannels, 1, LaneMicroKernel.Wide.Rows, blocks.ChannelFloats, ImageLanes.Lanes, ResultRow, ImageLanes.Lanes);

        outputRow = 2 * blocks.TileColumns * ImageLanes.Lanes;
        outputFloats = CacheLine.Odd(2 * blocks.Rows * outputRow);
        planes = binding.ScratchOfWorkers((long)StoredRows * layout.RowFloats);
        workspace = binding.ScratchOfWorkers(layout.Workspace(StoredRows));
        pixels = binding.ScratchOfWorkers((long)Winograd.Positions * blocks.PositionFloats);
        products = binding.ScratchOfWorkers((long)Winograd.Positions * ProductFloats);
        outputs = binding.ScratchOfWorkers((long)LaneMicroKernel.Wide.Rows * outputFloats);
    }

    // Rows of the source that a task reads.
    private int StoredRows => (2 * blocks.Rows) + 2;

    public void AddPhases()
    {
        weights.AddPhase();
        binding.Parallel(blocks.Tasks, (begin, end, worker) =>
        {
            for (int task = begin; task < end; task++)
                Run(PartAt(task), worker);
        });
    }

    private Part PartAt(int task)
    {
        (int rest, int row) = Math.DivRem(task, blocks.RowParts);
        (int imageGroup, int group) = Math.DivRem(rest, c.Groups);
        int image = imageGroup * ImageLanes.Lanes;
        row *= blocks.Rows;
        return new Part(image, Math.Min(ImageLanes.Lanes, c.Images - image), group, row, Math.Min(blocks.Rows, blocks.TileRows - row));
    }

    private void Run(Part part, int worker)
    {
        float* plane = planes.Of(worker), pixel = pixels.Of(worker), product = products.Of(worker), output = outputs.Of(worker);
        for (int channel = 0; channel < c.SourceChannels; channel++)
        {
            LayOut(part, channel, plane, workspace.Of(worker));
            for (int row = 0; row < part.Rows; row++)
            {
                float* to = pixel + ((long)channel * blocks.ChannelFloats) + (row * blocks.TileColumns * ImageLanes.Lanes);
                Winograd.PixelsOfLanes<V512>(plane + layout.Offset(2 * row, firstTapColumn), layout.RowFloats, blocks.TileColumns, to, blocks.PositionFloats);
            }
        }
        for (int tile = 0; tile < weights.Tiles; tile++)
        {
            float* panel = weights.Panel(part.Group, tile);
            int tiles = part.Rows * blocks.TileColumns;
            Prefetch(part, tile);
            for (int i = 0; i < tiles; i += LaneMicroKernel.Wide.Columns)
            {
                int count = Math.Min(LaneMicroKernel.Wide.Columns, tiles - i);
                Multiply(panel, pixel + (i * ImageLanes.Lanes), count, product);
                TransformBack(part, tile, i, count, product, output);
            }
            TurnBack(part, tile, output);
        }
    }

    // Packs the rows of a channel that the task's tiles read; rows outside the image (possibly all) are 0.
    private void LayOut(Part part, int channel, float* plane, float* dense)
    {
        int row = (2 * part.Row) + firstTapRow, stored = (2 * part.Rows) + 2;
        int above = Math.Clamp(-row, 0, stored), inside = Math.Clamp(c.Source.H - Math.Max(row, 0), 0, stored - above);
        int pixels = c.Source.H * c.Source.W;
        float* source = x + (((((long)part.Image * c.Groups) + part.Group) * c.SourceChannels) + channel) * pixels;
        Copies.Clear(plane, above * layout.RowFloats);
        layout.LayOut(source, (long)c.Groups * c.SourceChannels * pixels, part.Images, row + above, inside, plane + (above * layout.RowFloats), dense);
        Copies.Clear(plane + ((above + inside) * layout.RowFloats), (stored - above - inside) * layout.RowFloats);
    }

    private void Multiply(float* panel, float* pixel, int count, float* product)
    {
        float* zeros = stackalloc float[LaneMicroKernel.Wide.Rows];
        Copies.Clear(zeros, LaneMicroKernel.Wide.Rows);
        for (int position = 0; position < Winograd.Positions; position++)
        {
            LaneMicroKernel.Wide.Run(count)(
                in step, new TapRange(1, 1), panel + (position * weights.PositionFloats), origin,
                pixel + ((long)position * blocks.PositionFloats), zeros, product + (position * ProductFloats));
        }
    }

    // Transforms some tiles back, for all filters of a tile of the micro-kernel.
    private void TransformBack(Part part, int tile, int first, int count, float* product, float* output)
    {
        int channel = (part.Group * c.TargetChannels) + (tile * LaneMicroKernel.Wide.Rows), filters = Math.Min(LaneMicroKernel.Wide.Rows, c.TargetChannels - (tile * LaneMicroKernel.Wide.Rows));
        for (int i = 0; i < count;)
        {
            (int row, int column) = Math.DivRem(first + i, blocks.TileColumns);
            int run = Math.Min(count - i, blocks.TileColumns - column);
            float* to = output + (2 * row * outputRow) + (2 * column * ImageLanes.Lanes), from = product + (i * ImageLanes.Lanes);
            for (int filter = 0; filter < filters; filter++, to += outputFloats, from += ResultRow)
                Winograd.OutputsOfLanes<V512>(from, ProductFloats, run, epilogue.RowBias is null ? 0 : epilogue.RowBias[channel + filter], to, outputRow);
            i += run;
        }
    }

    // Prefetches the destination of a tile's results, and the other inputs of the epilogue.
    private void Prefetch(Part part, int tile)
    {
        int first = tile * LaneMicroKernel.Wide.Rows, end = Math.Min(first + LaneMicroKernel.Wide.Rows, c.TargetChannels), count = 2 * part.Rows * c.Target.W;
        long plane = (long)c.Target.H * c.Target.W, stride = plane * c.Groups * c.TargetChannels;
        long offset = (part.Image * stride) + (((part.Group * c.TargetChannels) + first) * plane) + (2L * part.Row * c.Target.W);
        for (int channel = first; channel < end; channel++, offset += plane)
        {
            CacheLine.Prefetch(y + offset, count, part.Images, stride);
            if (epilogue.Other0 is not null)
                CacheLine.Prefetch(epilogue.Other0 + offset, count, part.Images, stride);
        }
    }

    // Applies the epilogue and transposes from lanes back to rows of images; a surplus row or column of the last tiles is dropped.
    private void TurnBack(Part part, int tile, float* output)
    {
        int first = tile * LaneMicroKernel.Wide.Rows, end = Math.Min(first + LaneMicroKernel.Wide.Rows, c.TargetChannels);
        int row = 2 * part.Row, rows = Math.Min(2 * part.Rows, c.Target.H - row);
        int count = c.Target.W;
        if (count == 2 * blocks.TileColumns)
            (rows, count) = (1, rows * count);
        long plane = (long)c.Target.H * c.Target.W, stride = plane * c.Groups * c.TargetChannels;
        for (int channel = first; channel < end; channel++, output += outputFloats)
        {
            long offset = (part.Image * stride) + (((part.Group * c.TargetChannels) + channel) * plane) + ((long)row * c.Target.W);
            for (int i = 0; i < rows; i++, offset += c.Target.W)
                ImageLanes.TurnBack(output + (i * outputRow), y, offset, stride, count, part.Images, epilogue);
        }
    }

    // Some rows of tiles of some images, and their group of channels.
    private readonly record struct Part(int Image, int Images, int Group, int Row, int Rows);
}
