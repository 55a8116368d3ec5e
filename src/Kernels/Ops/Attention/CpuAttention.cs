using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>Attention on the CPU: a worker takes a block of a head's queries past all blocks of keys.</summary>
internal sealed unsafe class CpuAttention(AttentionSizes s, bool causal, double[] slopes, float* qkv, int* lengths, CpuAttentionDropout? drop, float* y, float* logSums)
{
    private readonly int line = AttentionTile.LineOf(s.Width);

    public void AddPhases(CpuBinding b)
    {
        int blocks = (s.T + AttentionTile.Block - 1) / AttentionTile.Block;
        WorkerScratch queries = b.ScratchOfWorkers((long)AttentionTile.BlockRows * line), sums = b.ScratchOfWorkers((long)AttentionTile.BlockRows * line);
        WorkerScratch keys = b.ScratchOfWorkers((long)s.Width * AttentionTile.Line), values = b.ScratchOfWorkers((long)AttentionTile.Block * line);
        WorkerScratch scores = b.ScratchOfWorkers((long)AttentionTile.BlockRows * AttentionTile.Line), statistics = b.ScratchOfWorkers(2 * AttentionTile.Block);
        b.Parallel(checked(s.N * s.Heads * blocks), (begin, end, worker) =>
        {
            var room = new Room(queries.Of(worker), keys.Of(worker), values.Of(worker), scores.Of(worker), sums.Of(worker), statistics.Of(worker));
            for (int item = begin; item < end; item++)
                Attend(item / blocks / s.Heads, item / blocks % s.Heads, item % blocks * AttentionTile.Block, room);
        });
    }

    private void Attend(int n, int head, int first, Room room)
    {
        int length = lengths is null ? s.T : Math.Clamp(lengths[n], 1, s.T), last = Math.Min(first + AttentionTile.Block, s.T);
        int count = Math.Clamp(length - first, 0, last - first), keys = causal ? first + count : length;
        AttentionTile.Clear(y + s.Out(n, first + count, head), s.OutRow, last - first - count, s.Width);
        new Span<float>(logSums + s.Statistic(n, first + count, head), last - first - count).Clear();
        if (count == 0)
            return;
        AttentionTile.Pack(qkv + s.Query(n, first, head), s.Row, count, s.Width, room.Queries, line, (float)s.Scale);
        for (int key = 0; key < keys; key += AttentionTile.Block)
        {
            int there = Math.Min(AttentionTile.Block, keys - key);
            Transpose.Run(qkv + s.Key(n, key, head / s.Share), s.Row, room.Keys, AttentionTile.Line, there, s.Width);
            AttentionTile.Pack(qkv + s.Value(n, key, head / s.Share), s.Row, there, s.Width, room.Values, line);
            for (int row = 0; row < count; row += AttentionTile.Rows)
                Rows(room, new ScoreBlock(n, head, first, key, there), row, Math.Min(AttentionTile.Rows, count - row));
        }
        for (int i = 0; i < count; i++)
        {
            (float max, float sum) = (room.Statistics[2 * i], room.Statistics[(2 * i) + 1]);
            AttentionRows.Scale(room.Sums + ((long)i * line), 1 / sum, y + s.Out(n, first + i, head), s.Width);
            logSums[s.Statistic(n, first + i, head)] = (float)(max + Math.Log(sum));
        }
    }

    // A tile's rows of queries against a block of keys; in causal attention a query sees the keys up to its own position.
    private void Rows(Room room, ScoreBlock block, int row, int rows)
    {
        int Seen(int i) => causal ? Math.Min(block.Keys, i + block.Ahead + 1) : block.Keys;
        float slope = (float)slopes[block.Head];
        bool isFirst = block.Key == 0;
        int* kept = stackalloc int[drop is null ? 0 : CpuAttentionDropout.Room];
        int end = Seen(row + rows - 1);
        float* scores = room.Scores + ((long)row * AttentionTile.Line), sums = room.Sums + ((long)row * line);
        AttentionTile.Multiply(end, s.Width, room.Queries + ((long)row * line), line, 1, room.Keys, AttentionTile.Line, scores, AttentionTile.Line, add: false);
        for (int i = 0; i < rows; i++)
        {
            float* own = scores + ((long)i * AttentionTile.Line), statistics = room.Statistics + (2 * (row + i));
            int seen = Seen(row + i);
            if (slope != 0)
                AttentionRows.Recede(own, seen, slope, row + i + block.Ahead);
            float most = AttentionRows.Max(own, seen);
            if (isFirst)
            {
                (statistics[0], statistics[1]) = (most, AttentionRows.Exp(own, seen, end, most));
            }
            else
            {
                most = MathF.Max(most, statistics[0]);
                float shrink = MathF.Exp(statistics[0] - most);
                (statistics[0], statistics[1]) = (most, (statistics[1] * shrink) + AttentionRows.Exp(own, seen, end, most));
                if (shrink != 1)
                    AttentionRows.Scale(sums + ((long)i * line), shrink, sums + ((long)i * line), s.Width);
            }
            drop?.Apply(drop.Kept(block, row + i, seen, kept), own, seen);
        }
        AttentionTile.Multiply(s.Width, end, scores, AttentionTile.Line, 1, room.Values, line, sums, line, add: !isFirst);
    }

    // A worker's memory: queries over √D, keys transposed, values; scores, then e^(score - the largest so far); the sums of values so far; and of each
    // query the largest score and the sum of exponentials.
    private readonly struct Room(float* queries, float* keys, float* values, float* scores, float* sums, float* statistics)
    {
        public readonly float* Queries = queries, Keys = keys, Values = values, Scores = scores, Sums = sums, Statistics = statistics;
    }
}
