using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// A correlation on the CPU, in two phases: the weights are packed once; then each task packs the pixels of a few images
/// for itself and multiplies them with all weights, without an im2col matrix of the whole batch.
/// </summary>
internal sealed unsafe class CpuCorrelation
{
    // Limit for results beyond the last column: 256 KiB.
    private const int MostSurplusFloats = 65536;

    private readonly CpuBinding binding;
    private readonly Correlation c;
    private readonly CorrelationBlocking blocks;
    private readonly float* x;
    private readonly float* y;
    private readonly Epilogue epilogue;
    private readonly BoundPass[] passes;
    private readonly PackedWeights weights;
    private readonly WorkerScratch workspace;
    private readonly WorkerScratch pixels;
    private readonly WorkerScratch results;
    private readonly int rowLength; // row stride of a tile of results
    private readonly bool intoPlace; // results are written directly to the output, not to a tile first

    /// <param name="binding">The op's binding.</param>
    /// <param name="c">The correlation to compute.</param>
    /// <param name="x">[images, groups · source channels, source H, source W].</param>
    /// <param name="weights">The weights, with the strides of <paramref name="c"/>.</param>
    /// <param name="y">[images, groups · target channels, target H, target W].</param>
    /// <param name="epilogue">Bias and elementwise op; its rows are target channels.</param>
    public CpuCorrelation(CpuBinding binding, Correlation c, float* x, float* weights, float* y, Epilogue epilogue)
    {
        (this.binding, this.c, this.epilogue) = (binding, c, epilogue);
        this.x = x;
        this.y = y;
        blocks = new CorrelationBlocking(c);
        passes = new BoundPass[c.Passes.Count];
        int taps = 0;
        for (int i = 0; i < passes.Length; i++)
        {
            passes[i] = new BoundPass(binding, c, c.Passes[i], blocks, taps);
            taps += passes[i].Taps;
        }
        this.weights = new PackedWeights(binding, c, weights, blocks.Tile.Rows);
        workspace = binding.ScratchOfWorkers(blocks.Chunk.Workspace);
        pixels = binding.ScratchOfWorkers(((long)blocks.Channels * blocks.Chunk.ChannelFloats) + blocks.Chunk.Tail + blocks.Slack);
        intoPlace = c.IsPointwise && blocks.ColumnBands * blocks.BandColumns == c.Target.W && blocks.BandColumns % Simd.Lanes == 0
            && c.TargetChannels % blocks.Tile.Rows == 0 && (blocks.ChannelBlocks == 1 || (long)c.TargetChannels * c.Target.W <= MostSurplusFloats);
        rowLength = intoPlace ? c.Target.W : blocks.Chunk.Columns + blocks.Slack;
        int tilesHeld = blocks.ChannelBlocks == 1 ? 1 : passes.Length * blocks.TilesPerTask;
        // Receives what the last tile computes beyond the last column, with the row stride of the output; with a single block of
        // channels the surplus repeats the last column, and may be written there.
        int rows = !intoPlace ? tilesHeld * blocks.Tile.Rows : blocks.ChannelBlocks == 1 ? 0 : c.TargetChannels;
        results = binding.ScratchOfWorkers((long)rows * rowLength);
    }

    private long ImageStride => (long)c.Groups * c.SourceChannels * c.Source.H * c.Source.W;

    public void AddPhases()
    {
        weights.AddPhase();
        binding.Parallel(blocks.Tasks, (begin, end, worker) =>
        {
            for (int task = begin; task < end; task++)
                Run(blocks.TaskAt(task), workspace.Of(worker), pixels.Of(worker), results.Of(worker));
        });
    }

    private void Run(CorrelationTask task, float* plane, float* pixel, float* result)
    {
        (int runs, int perRun) = blocks.Chunk.RunsOf(task.Images, task.Rows);
        int vectors = runs * perRun;
        // Copies of the last vector fill up the last tile.
        float** columns = stackalloc float*[vectors + TapMicroKernel.MostVectors], targets = stackalloc float*[vectors + TapMicroKernel.MostVectors];
        Aim(task, vectors, result, targets);
        bool inPlace = CanReadInPlace(task);
        for (int block = 0; block < blocks.ChannelBlocks; block++)
        {
            int channel = block * blocks.Channels, channels = Math.Min(blocks.Channels, c.SourceChannels - channel);
            float* source = inPlace ? Plane(task, channel) + task.Column : pixel;
            long runStride = inPlace ? ImageStride : blocks.Chunk.RunStride;
            for (int i = 0; i < channels && !inPlace; i++)
            {
                float* target = source + ((long)i * blocks.Chunk.ChannelFloats);
                blocks.Chunk.LayOut(Plane(task, channel + i), ImageStride, task.Images, task.Row, task.Column, target, plane);
            }
            for (int v = 0; v < vectors + TapMicroKernel.MostVectors; v++)
            {
                int vector = Math.Min(v, vectors - 1);
                columns[v] = source + (vector / perRun * runStride) + (vector % perRun * Simd.Lanes);
            }
            Multiply(task, channel, channels, inPlace, columns, targets, vectors, result);
        }
        if (c.TargetStep != (1, 1))
            Finish(task, task.FirstTile * blocks.Tile.Rows, task.EndTile * blocks.Tile.Rows);
    }

    // Sets the destination of each vector of columns, for the first row of a tile.
    private void Aim(CorrelationTask task, int vectors, float* result, float** targets)
    {
        for (int v = 0; v < vectors + TapMicroKernel.MostVectors; v++)
        {
            (int image, int column) = Math.DivRem(v * Simd.Lanes, blocks.BandColumns);
            if (!intoPlace)
                targets[v] = result + (v * Simd.Lanes);
            else if (v < vectors)
                targets[v] = y + TargetOffset(task, image, 0) + task.Column + column;
            else
                targets[v] = blocks.ChannelBlocks == 1 ? targets[vectors - 1] : result;
        }
    }

    private void Multiply(CorrelationTask task, int channel, int channels, bool inPlace, float** columns, float** targets, int vectors, float* result)
    {
        bool first = channel == 0, last = channel + channels == c.SourceChannels;
        nint held = 0;
        for (int p = 0; p < passes.Length; p++)
        {
            BoundPass pass = passes[p];
            int steps = channels * pass.Taps;
            for (int tile = task.FirstTile; tile < task.EndTile; tile++)
            {
                float* panel = weights.Panel(p, task.Group, tile) + ((long)channel * pass.Taps * blocks.Tile.Rows);
                nint begin = intoPlace ? (nint)tile * blocks.Tile.Rows * rowLength : held;
                for (int v = 0; v < vectors; v += blocks.Tile.Vectors)
                    blocks.Tile.Run(steps, panel, pass.Offsets(inPlace), columns + v, targets + v, begin, rowLength, !first);
                if (last && intoPlace)
                    Finish(task, tile * blocks.Tile.Rows, (tile + 1) * blocks.Tile.Rows);
                else if (last)
                    CopyOut(pass.Pass, task, tile, result + held);
                if (blocks.ChannelBlocks > 1)
                    held += (nint)blocks.Tile.Rows * rowLength;
            }
        }
    }

    // Whole vectors are read, so images with less than a vector of memory after them cannot be read in place.
    // Nor should channels whose pixels would map to the same cache sets; packed, they do not.
    private bool CanReadInPlace(CorrelationTask task) =>
        c.IsPointwise && !blocks.Chunk.IsIm2Col && (c.Images - task.Image - task.Images) * ImageStride >= Simd.Lanes - 1 && c.Source.H * c.Source.W % 256 != 0;

    private float* Plane(CorrelationTask task, int channel) =>
        x + ((((long)task.Image * c.Groups) + task.Group) * c.SourceChannels + channel) * c.Source.H * c.Source.W;

    // Copies a tile of results, whose rows have the pitch of the packed pixels, to rows of the output.
    private void CopyOut(CorrelationPass pass, CorrelationTask task, int tile, float* result)
    {
        int rows = Math.Min(task.Rows, pass.Rows - task.Row), columns = Math.Min(task.Columns, pass.Columns - task.Column);
        int first = tile * blocks.Tile.Rows, end = Math.Min(first + blocks.Tile.Rows, c.TargetChannels);
        int imageColumns = blocks.Chunk.ImageColumns(task.Rows);
        for (int channel = first; channel < end; channel++, result += rowLength)
        {
            for (int image = 0; image < task.Images; image++)
            {
                float* from = result + (image * imageColumns);
                float* to = y + TargetOffset(task, image, channel)
                    + ((((long)task.Row * c.TargetStep.H) + pass.StartH) * c.Target.W) + (task.Column * c.TargetStep.W) + pass.StartW;
                if (c.TargetStep == (1, 1))
                    Copies.Rows(from, blocks.Chunk.Pitch, to, c.Target.W, rows, columns);
                else
                    Copies.ScatterRows(from, blocks.Chunk.Pitch, to, c.TargetStep.H * c.Target.W, c.TargetStep.W, rows, columns);
            }
        }
        if (c.TargetStep == (1, 1))
            Finish(task, first, end);
    }

    // Applies the epilogue once the task's part of a channel is complete.
    private void Finish(CorrelationTask task, int firstChannel, int endChannel)
    {
        if (epilogue.IsEmpty)
            return;
        int row = task.Row * c.TargetStep.H, rows = Math.Min(task.Rows * c.TargetStep.H, c.Target.H - row);
        int column = task.Column * c.TargetStep.W, columns = Math.Min(task.Columns * c.TargetStep.W, c.Target.W - column);
        if (columns == c.Target.W)
            (rows, columns) = (1, rows * columns);
        for (int channel = firstChannel; channel < Math.Min(endChannel, c.TargetChannels); channel++)
        {
            for (int image = 0; image < task.Images; image++)
            {
                long offset = TargetOffset(task, image, channel) + ((long)row * c.Target.W) + column;
                for (int i = 0; i < rows; i++, offset += c.Target.W)
                    epilogue.Apply(y + offset, (task.Group * c.TargetChannels) + channel, 0, columns, offset);
            }
        }
    }

    private long TargetOffset(CorrelationTask task, int image, int channel) =>
        (((((long)(task.Image + image) * c.Groups) + task.Group) * c.TargetChannels) + channel) * c.Target.H * c.Target.W;
}
