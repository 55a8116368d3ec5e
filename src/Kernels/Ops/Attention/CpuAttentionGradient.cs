using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Ops.Reductions;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>
/// The gradient of attention on the CPU: a worker takes the keys of a group, block by block, past the queries of the heads that use them; so no two workers
/// add to the same numbers, and scores are computed once.
/// </summary>
internal sealed unsafe class CpuAttentionGradient(AttentionSizes s, bool causal, double[] slopes, float* dy, float* qkv, float* y, float* logSums, int* lengths, CpuAttentionDropout? drop, float* dqkv)
{
    private const int Block = AttentionTile.Block;

    private readonly int line = AttentionTile.LineOf(s.Width);
    private readonly float scale = (float)s.Scale;

    public void AddPhases(CpuBinding b)
    {
        long rows = (long)AttentionTile.BlockRows * line, columns = (long)s.Width * AttentionTile.Line, scores = (long)AttentionTile.BlockRows * AttentionTile.Line;
        WorkerScratch[] scratch = [.. new[] { rows, rows, rows, columns, columns, scores, scores, rows, rows, rows, (long)s.Share * s.T }.Select(b.ScratchOfWorkers)];
        b.Parallel(s.N * s.Groups, (begin, end, worker) =>
        {
            var room = new Room(scratch, worker);
            for (int item = begin; item < end; item++)
                Group(item / s.Groups, item % s.Groups, room);
        });
    }

    private void Group(int n, int group, Room room)
    {
        int length = lengths is null ? s.T : Math.Clamp(lengths[n], 1, s.T), heads = group * s.Share;
        for (int h = 0; h < s.Share; h++)
        {
            for (int t = 0; t < length; t++)
                room.Deltas[(h * s.T) + t] = Sums.Dot(dy + s.Out(n, t, heads + h), y + s.Out(n, t, heads + h), s.Width);
            AttentionTile.Clear(dqkv + s.Query(n, length, heads + h), s.Row, s.T - length, s.Width);
        }
        AttentionTile.Clear(dqkv + s.Key(n, length, group), s.Row, s.T - length, s.Width);
        AttentionTile.Clear(dqkv + s.Value(n, length, group), s.Row, s.T - length, s.Width);
        for (int key = 0; key < length; key += Block)
            Keys(n, group, key, Math.Min(Block, length - key), length, room);
    }

    // A block of keys against all queries that attend to one of them.
    private void Keys(int n, int group, int key, int keys, int length, Room room)
    {
        float* source = qkv + s.Key(n, key, group);
        AttentionTile.Pack(source, s.Row, keys, s.Width, room.Keys, line);
        Transpose.Run(source, s.Row, room.KeyColumns, AttentionTile.Line, keys, s.Width);
        Transpose.Run(qkv + s.Value(n, key, group), s.Row, room.ValueColumns, AttentionTile.Line, keys, s.Width);
        bool add = false;
        for (int head = group * s.Share; head < (group + 1) * s.Share; head++)
        {
            for (int query = causal ? key : 0; query < length; query += Block, add = true)
                Queries(n, head, query, Math.Min(Block, length - query), key, keys, add, room);
        }
        AttentionTile.Pack(room.KeyGradient, line, keys, s.Width, dqkv + s.Key(n, key, group), s.Row);
        AttentionTile.Pack(room.ValueGradient, line, keys, s.Width, dqkv + s.Value(n, key, group), s.Row);
    }

    private void Queries(int n, int head, int query, int queries, int key, int keys, bool add, Room room)
    {
        AttentionTile.Pack(qkv + s.Query(n, query, head), s.Row, queries, s.Width, room.Queries, line, scale);
        AttentionTile.Pack(dy + s.Out(n, query, head), s.OutRow, queries, s.Width, room.OutGradient, line);
        float* logs = logSums + s.Statistic(n, query, head), deltas = room.Deltas + ((head % s.Share * s.T) + query);
        for (int row = 0; row < queries; row += AttentionTile.Rows)
            Scores(room, new ScoreBlock(n, head, query, key, keys), row, Math.Min(AttentionTile.Rows, queries - row), logs, deltas);
        AddQueryGradient(n, head, query, queries, isFirst: key == 0, room);
        for (int row = 0; row < keys; row += AttentionTile.Rows)
        {
            int first = causal ? Math.Max(0, key + row - query) : 0; // the first query that attends to one of these keys
            float* p = room.Scores + ((long)first * AttentionTile.Line) + row, ds = room.ScoreGradient + ((long)first * AttentionTile.Line) + row;
            long at = (long)row * line, from = (long)first * line;
            AttentionTile.Multiply(s.Width, queries - first, p, 1, AttentionTile.Line, room.OutGradient + from, line, room.ValueGradient + at, line, add);
            AttentionTile.Multiply(s.Width, queries - first, ds, 1, AttentionTile.Line, room.Queries + from, line, room.KeyGradient + at, line, add);
        }
    }

    // P and dS of a tile's rows of queries, and their dQ·√D.
    private void Scores(Room room, ScoreBlock block, int row, int rows, float* logs, float* deltas)
    {
        int Seen(int i) => causal ? Math.Min(block.Keys, i + block.Ahead + 1) : block.Keys;
        float slope = (float)slopes[block.Head];
        int* kept = stackalloc int[drop is null ? 0 : CpuAttentionDropout.Room];
        int end = Seen(row + rows - 1);
        long at = (long)row * AttentionTile.Line, from = (long)row * line;
        float* p = room.Scores + at, ds = room.ScoreGradient + at;
        AttentionTile.Multiply(end, s.Width, room.Queries + from, line, 1, room.KeyColumns, AttentionTile.Line, p, AttentionTile.Line, add: false);
        AttentionTile.Multiply(end, s.Width, room.OutGradient + from, line, 1, room.ValueColumns, AttentionTile.Line, ds, AttentionTile.Line, add: false);
        for (int i = 0; i < rows; i++)
        {
            long own = (long)i * AttentionTile.Line;
            int seen = Seen(row + i);
            int* stays = drop is null ? null : drop.Kept(block, row + i, seen, kept);
            if (slope != 0)
                AttentionRows.Recede(p + own, seen, slope, row + i + block.Ahead);
            drop?.Apply(stays, ds + own, seen);
            AttentionRows.Gradient(p + own, ds + own, seen, end, logs[row + i], deltas[row + i]);
            drop?.Apply(stays, p + own, seen);
        }
        AttentionTile.Multiply(s.Width, end, ds, AttentionTile.Line, 1, room.Keys, line, room.QueryGradient + from, line, add: false);
    }

    private void AddQueryGradient(int n, int head, int query, int queries, bool isFirst, Room room)
    {
        float* target = dqkv + s.Query(n, query, head), found = room.QueryGradient;
        for (int i = 0; i < queries; i++, target += s.Row, found += line)
        {
            AttentionRows.Scale(found, scale, isFirst ? target : found, s.Width);
            if (!isFirst)
                Sums.AddTo(found, target, s.Width);
        }
    }

    // A worker's memory: packed rows, transposed keys and values, scores, gradients, and δ of each query.
    private readonly struct Room(WorkerScratch[] scratch, int worker)
    {
        public readonly float* Queries = scratch[0].Of(worker), OutGradient = scratch[1].Of(worker), Keys = scratch[2].Of(worker);
        public readonly float* KeyColumns = scratch[3].Of(worker), ValueColumns = scratch[4].Of(worker);
        public readonly float* Scores = scratch[5].Of(worker), ScoreGradient = scratch[6].Of(worker);
        public readonly float* QueryGradient = scratch[7].Of(worker), KeyGradient = scratch[8].Of(worker), ValueGradient = scratch[9].Of(worker), Deltas = scratch[10].Of(worker);
    }
}
