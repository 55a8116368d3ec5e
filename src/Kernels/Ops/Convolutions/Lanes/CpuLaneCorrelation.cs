using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// A correlation on the CPU with one image per vector lane: each task transposes the pixels of a few images, multiplies
/// them with all weights and transposes the results back. Taps outside the image are skipped.
/// </summary>
internal sealed unsafe class CpuLaneCorrelation
{
    private readonly CpuBinding binding;
    private readonly Correlation c;
    private readonly LaneBlocking blocks;
    private readonly float* x;
    private readonly float* y;
    private readonly Epilogue epilogue;
    private readonly PackedWeights weights;
    private readonly LanePass[] passes;
    private readonly LaneStep[] steps; // per pass
    private readonly nint[] offsets; // per pass: address of the table of its taps' pixel offsets
    private readonly WorkerScratch workspace;
    private readonly WorkerScratch pixels;
    private readonly WorkerScratch results;
    private readonly int channelFloats; // stride between packed channels
    private readonly int resultRow; // stride between the results of filters

    /// <param name="binding">The op's binding.</param>
    /// <param name="c">The correlation to compute.</param>
    /// <param name="x">[images, groups · source channels, source H, source W].</param>
    /// <param name="weights">The weights, with the strides of <paramref name="c"/>.</param>
    /// <param name="y">[images, groups · target channels, target H, target W].</param>
    /// <param name="epilogue">Bias and elementwise op; its rows are target channels.</param>
    public CpuLaneCorrelation(CpuBinding binding, Correlation c, float* x, float* weights, float* y, Epilogue epilogue)
    {
        (this.binding, this.c, this.epilogue) = (binding, c, epilogue);
        this.x = x;
        this.y = y;
        blocks = new LaneBlocking(c);
        (channelFloats, resultRow) = (blocks.ChannelFloats, blocks.ResultRow);
        this.weights = new PackedWeights(binding, c, weights, blocks.Tile.Rows);
        passes = [.. c.Passes.Select(p => new LanePass(c, p, blocks.Layout, blocks.Tile.Columns))];
        offsets = [.. passes.Select(p => (nint)binding.Table(p.Offsets))];
        steps = [.. passes.Select(p => new LaneStep(
            c.SourceChannels, p.RowTaps, (nint)p.Pass.Taps.Count * blocks.Tile.Rows, channelFloats, c.SourceStep.W * ImageLanes.Lanes,
            resultRow, c.TargetStep.W * ImageLanes.Lanes))];
        workspace = binding.ScratchOfWorkers(blocks.Layout.Workspace(blocks.StoredRows));
        pixels = binding.ScratchOfWorkers((long)c.SourceChannels * channelFloats);
        results = binding.ScratchOfWorkers((long)blocks.Tile.Rows * resultRow);
    }

    public void AddPhases()
    {
        weights.AddPhase();
        binding.Parallel(blocks.Tasks, (begin, end, worker) =>
        {
            for (int task = begin; task < end; task++)
            {
                (int rest, int band) = Math.DivRem(task, blocks.Bands);
                (int imageGroup, int group) = Math.DivRem(rest, c.Groups);
                int image = imageGroup * ImageLanes.Lanes;
                var images = new ImageGroup(image, Math.Min(ImageLanes.Lanes, c.Images - image), group);
                Run(images, band * blocks.BandRows, workspace.Of(worker), pixels.Of(worker), results.Of(worker));
            }
        });
    }

    private void Run(ImageGroup images, int row, float* dense, float* source, float* result)
    {
        (int firstRow, int rows) = blocks.SourceRows(row, blocks.BandRows);
        int plane = c.Source.H * c.Source.W;
        float* first = x + ((((long)images.First * c.Groups) + images.Group) * c.SourceChannels * plane);
        for (int channel = 0; channel < c.SourceChannels; channel++)
        {
            blocks.Layout.LayOut(
                first + ((long)channel * plane), (long)c.Groups * c.SourceChannels * plane, images.Count, firstRow, rows,
                source + ((long)channel * channelFloats), dense);
        }
        for (int end = row + blocks.BandRows; row < end; row += blocks.PartRows)
        {
            for (int tile = 0; tile < weights.Tiles; tile++)
            {
                Multiply(images.Group, tile, row, Math.Min(row + blocks.PartRows, end), source, firstRow, result);
                TurnBack(images, tile, row, Math.Min(row + blocks.PartRows, end), result);
            }
        }
    }

    private void Multiply(int group, int tile, int row, int end, float* source, int storedRow, float* result)
    {
        float* bias = stackalloc float[blocks.Tile.Rows];
        for (int i = 0; i < blocks.Tile.Rows; i++)
        {
            int channel = (tile * blocks.Tile.Rows) + i;
            bias[i] = epilogue.RowBias is null || channel >= c.TargetChannels ? 0 : epilogue.RowBias[(group * c.TargetChannels) + channel];
        }
        for (int pass = 0; pass < passes.Length; pass++)
        {
            CorrelationPass p = passes[pass].Pass;
            float* panel = weights.Panel(pass, group, tile);
            float* target = result + (((long)p.StartH * c.Target.W) + p.StartW) * ImageLanes.Lanes;
            for (int i = row; i < Math.Min(end, p.Rows); i++, target += c.TargetStep.H * c.Target.W * ImageLanes.Lanes)
                MultiplyRow(pass, panel, i, source + blocks.Layout.Offset((i * c.SourceStep.H) - storedRow, 0), bias, target);
        }
    }

    private void MultiplyRow(int pass, float* panel, int row, float* pixel, float* bias, float* target)
    {
        LaneTile tile = blocks.Tile;
        int left = passes[pass].Pass.Columns;
        for (int i = 0; left > 0; i++, left -= tile.Columns)
        {
            TapRange taps = passes[pass].TapsOf(row, i, out int first);
            tile.Run(Math.Min(tile.Columns, left))(
                in steps[pass], taps, panel + (first * tile.Rows), (int*)offsets[pass] + first, pixel, bias, target);
            pixel += (long)tile.Columns * c.SourceStep.W * ImageLanes.Lanes;
            target += tile.Columns * c.TargetStep.W * ImageLanes.Lanes;
        }
    }

    // Applies the epilogue and transposes from lanes back to rows of images.
    private void TurnBack(ImageGroup images, int tile, int firstRow, int endRow, float* result)
    {
        int row = firstRow * c.TargetStep.H, count = (Math.Min(endRow * c.TargetStep.H, c.Target.H) - row) * c.Target.W;
        int first = tile * blocks.Tile.Rows, end = Math.Min(first + blocks.Tile.Rows, c.TargetChannels);
        long plane = (long)c.Target.H * c.Target.W, stride = plane * c.Groups * c.TargetChannels;
        for (int channel = first; channel < end && count > 0; channel++, result += resultRow)
        {
            long offset = (images.First * stride) + (((images.Group * c.TargetChannels) + channel) * plane) + ((long)row * c.Target.W);
            ImageLanes.TurnBack(result, y, offset, stride, count, images.Count, epilogue);
        }
    }

    // The images of a task and its group of channels.
    private readonly record struct ImageGroup(int First, int Count, int Group);
}
