using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Numerics;
using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>
/// The kernels of attention. A group has 16 rows (queries, or keys in the gradient of keys), and iterates over the others 32 at a time; eight threads share a
/// row, each with four of the 32 scores and every eighth element of the row's sums. Sums are accumulated in the result itself, each element by one
/// thread.
/// </summary>
internal static partial class AttentionKernels
{
    public const int Threads = 128;

    /// <summary>Rows per group.</summary>
    public const int Rows = 16;

    private const int Others = 32, Chunk = 32, Lanes = Threads / Rows;

    // One column more than a chunk, so that neighbouring rows begin in different banks of shared memory.
    private const int Line = Chunk + 1;

    // Resident groups for kernels with dropout: without this limit ptxas gives them 64 registers and a stack; with it, 80 registers.
    private const int Resident = 6;

    public static KernelSpecialization SpecializationOf<L>() where L : struct, IKernelRows => new(Threads, L.Drops ? Resident : null);

    /// <summary>Computes y and ln Σ e^score.</summary>
    public static void Forward<L>(ArrayView<float> qkv, L lengths, KernelAttentionSizes s, ArrayView<float> y, ArrayView<float> logSums) where L : struct, IKernelRows
    {
        ArrayView<float> rows = SharedMemory.Allocate<float>(Rows * Line), others = SharedMemory.Allocate<float>(Others * Line), scores = SharedMemory.Allocate<float>(Rows * Line);
        int row = Group.IdxX / Lanes, lane = Group.IdxX % Lanes, n = Grid.IdxX / s.Blocks / s.Heads, head = Grid.IdxX / s.Blocks % s.Heads;
        int first = Grid.IdxX % s.Blocks * Rows, t = first + row, length = IntrinsicMath.Clamp(lengths.Of(n), 1, s.T);
        int end = t < length ? s.Causal != 0 ? t + 1 : length : 0; // end of the keys that the row's query sees
        int all = first >= length ? 0 : s.Causal != 0 ? IntrinsicMath.Min(length, first + Rows) : length; // end of those that any query of the group sees
        var queries = new Source((n * s.T * s.Row) + (head * s.Width), s.Row, length, s.Width);
        Source keys = queries.At((s.Heads + (head / s.Share) - head) * s.Width), values = keys.At(s.Groups * s.Width);
        var result = new Target((((n * s.T) + t) * s.OutRow) + (head * s.Width), t < s.T ? s.Width : 0, lane);
        result.Clear(y);
        float most = float.NegativeInfinity, sum = 0f;
        for (int key = 0; key < all; key += Others)
        {
            Four found = Dots(qkv, queries, first, qkv, keys, key, rows, others, row, lane);
            if (L.Recedes)
                found = found.Receding(lengths.Slope(head), t - key - lane);
            float before = most;
            most = Exponentials(scores, found, s.Scale, row, lane, end - key, most);
            float shrink = before == float.NegativeInfinity ? 0f : KernelMath.Exp(before - most);
            sum *= shrink;
            for (int j = 0; j < Others; j++)
                sum += scores[(row * Line) + j];
            if (L.Drops)
                Drop(scores, lengths, new Weights(n, head, t, key + lane), row, lane);
            AddWeighted(scores, qkv, values, key, others, row, y, result, shrink);
        }
        result.Scale(y, end > 0 ? 1f / sum : 0f);
        if (lane == 0 && t < s.T)
            logSums[(((n * s.Heads) + head) * s.T) + t] = end > 0 ? most + KernelMath.Log(sum) : 0f;
    }

    /// <summary>Computes dQ, and δ = Σ dy·y of each query.</summary>
    public static void QueryGradient<L>(
        ArrayView<float> dy, ArrayView<float> qkv, ArrayView<float> y, ArrayView<float> logSums, L lengths, KernelAttentionSizes s, ArrayView<float> deltas, ArrayView<float> dqkv)
        where L : struct, IKernelRows
    {
        ArrayView<float> rows = SharedMemory.Allocate<float>(Rows * Line), others = SharedMemory.Allocate<float>(Others * Line), scores = SharedMemory.Allocate<float>(Rows * Line);
        int row = Group.IdxX / Lanes, lane = Group.IdxX % Lanes, n = Grid.IdxX / s.Blocks / s.Heads, head = Grid.IdxX / s.Blocks % s.Heads;
        int first = Grid.IdxX % s.Blocks * Rows, t = first + row, length = IntrinsicMath.Clamp(lengths.Of(n), 1, s.T);
        int end = t < length ? s.Causal != 0 ? t + 1 : length : 0;
        int all = first >= length ? 0 : s.Causal != 0 ? IntrinsicMath.Min(length, first + Rows) : length;
        var queries = new Source((n * s.T * s.Row) + (head * s.Width), s.Row, length, s.Width);
        Source keys = queries.At((s.Heads + (head / s.Share) - head) * s.Width), values = keys.At(s.Groups * s.Width);
        var outputs = new Source((n * s.T * s.OutRow) + (head * s.Width), s.OutRow, length, s.Width);
        var result = new Target(queries.Begin + (t * s.Row), t < s.T ? s.Width : 0, lane);
        result.Clear(dqkv);
        int statistic = (((n * s.Heads) + head) * s.T) + t;
        float delta = Delta(dy, y, outputs, t, scores, row, lane), logSum = end > 0 ? logSums[statistic] : 0f;
        if (lane == 0 && t < s.T)
            deltas[statistic] = delta;
        for (int key = 0; key < all; key += Others)
        {
            Four found = Dots(qkv, queries, first, qkv, keys, key, rows, others, row, lane);
            if (L.Recedes)
                found = found.Receding(lengths.Slope(head), t - key - lane);
            Four slopes = Dots(dy, outputs, first, qkv, values, key, rows, others, row, lane);
            if (L.Drops)
                slopes = Kept(slopes, lengths, new Weights(n, head, t, key + lane));
            int at = (row * Line) + lane, left = end - key - lane;
            Group.Barrier(); // Dots has passed one since the scores were read; without this one PoCL 6.0 crashes when it builds the kernel
            scores[at] = left > 0 ? Slope(found.A, slopes.A, s.Scale, logSum, delta) : 0f;
            scores[at + Lanes] = left > Lanes ? Slope(found.B, slopes.B, s.Scale, logSum, delta) : 0f;
            scores[at + (2 * Lanes)] = left > 2 * Lanes ? Slope(found.C, slopes.C, s.Scale, logSum, delta) : 0f;
            scores[at + (3 * Lanes)] = left > 3 * Lanes ? Slope(found.D, slopes.D, s.Scale, logSum, delta) : 0f;
            AddWeighted(scores, qkv, keys, key, others, row, dqkv, result, 1f);
        }
    }

    /// <summary>Computes dK and dV: the group's rows are keys, the others the queries of each head that uses them.</summary>
    public static void KeyGradient<L>(
        ArrayView<float> dy, ArrayView<float> qkv, ArrayView<float> logSums, ArrayView<float> deltas, L lengths, KernelAttentionSizes s, ArrayView<float> dqkv)
        where L : struct, IKernelRows
    {
        ArrayView<float> rows = SharedMemory.Allocate<float>(Rows * Line), others = SharedMemory.Allocate<float>(Others * Line);
        ArrayView<float> weights = SharedMemory.Allocate<float>(Rows * Line), slopes = SharedMemory.Allocate<float>(Rows * Line);
        int row = Group.IdxX / Lanes, lane = Group.IdxX % Lanes, n = Grid.IdxX / s.Blocks / s.Groups, group = Grid.IdxX / s.Blocks % s.Groups;
        int first = Grid.IdxX % s.Blocks * Rows, t = first + row, length = IntrinsicMath.Clamp(lengths.Of(n), 1, s.T);
        int begin = s.Causal != 0 ? t : 0; // the first query that sees the row's key
        int from = first >= length ? length : s.Causal != 0 ? first : 0; // the first that sees any of the group's keys
        var keys = new Source((n * s.T * s.Row) + ((s.Heads + group) * s.Width), s.Row, length, s.Width);
        Source values = keys.At(s.Groups * s.Width);
        var keyResult = new Target(keys.Begin + (t * s.Row), t < s.T ? s.Width : 0, lane);
        Target valueResult = keyResult.At(s.Groups * s.Width);
        keyResult.Clear(dqkv);
        valueResult.Clear(dqkv);
        for (int head = group * s.Share; head < (group + 1) * s.Share; head++)
        {
            var queries = new Source((n * s.T * s.Row) + (head * s.Width), s.Row, length, s.Width);
            var outputs = new Source((n * s.T * s.OutRow) + (head * s.Width), s.OutRow, length, s.Width);
            int statistics = ((n * s.Heads) + head) * s.T;
            for (int query = from; query < length; query += Others)
            {
                Four found = Dots(qkv, keys, first, qkv, queries, query, rows, others, row, lane);
                if (L.Recedes)
                    found = found.Receding(lengths.Slope(head), t - query - lane);
                Four ofValues = Dots(qkv, values, first, dy, outputs, query, rows, others, row, lane);
                Group.Barrier(); // as in QueryGradient
                for (int i = 0; i < Others / Lanes; i++)
                {
                    int q = query + lane + (i * Lanes), at = (row * Line) + lane + (i * Lanes);
                    float p = 0f, slope = 0f;
                    if (q >= begin && q < length && t < length)
                    {
                        p = KernelMath.Exp((found.At(i) * s.Scale) - logSums[statistics + q]);
                        float ofValue = ofValues.At(i), kept = 1f;
                        if (L.Drops)
                        {
                            kept = lengths.Kept(n, head, q, t);
                            ofValue *= kept;
                        }
                        slope = p * (ofValue - deltas[statistics + q]) * s.Scale;
                        if (L.Drops)
                            p *= kept;
                    }
                    weights[at] = p;
                    slopes[at] = slope;
                }
                AddWeighted(weights, dy, outputs, query, others, row, dqkv, valueResult, 1f);
                AddWeighted(slopes, qkv, queries, query, others, row, dqkv, keyResult, 1f);
            }
        }
    }

    private static float Slope(float dot, float slope, float scale, float logSum, float delta) => KernelMath.Exp((dot * scale) - logSum) * (slope - delta) * scale;

    // e^(score - the largest so far) of a thread's four scores, as far as the row's query sees them; returns the largest.
    private static float Exponentials(ArrayView<float> scores, Four found, float scale, int row, int lane, int end, float most)
    {
        int at = (row * Line) + lane, left = end - lane;
        Group.Barrier(); // as in QueryGradient
        scores[at] = left > 0 ? found.A * scale : float.NegativeInfinity;
        scores[at + Lanes] = left > Lanes ? found.B * scale : float.NegativeInfinity;
        scores[at + (2 * Lanes)] = left > 2 * Lanes ? found.C * scale : float.NegativeInfinity;
        scores[at + (3 * Lanes)] = left > 3 * Lanes ? found.D * scale : float.NegativeInfinity;
        Group.Barrier(); // each thread reads the scores of its row
        for (int j = 0; j < Others; j++)
            most = GroupReduce.Larger(most, scores[(row * Line) + j]);
        Group.Barrier(); // the scores are read by now
        scores[at] = left > 0 ? KernelMath.Exp((found.A * scale) - most) : 0f;
        scores[at + Lanes] = left > Lanes ? KernelMath.Exp((found.B * scale) - most) : 0f;
        scores[at + (2 * Lanes)] = left > 2 * Lanes ? KernelMath.Exp((found.C * scale) - most) : 0f;
        scores[at + (3 * Lanes)] = left > 3 * Lanes ? KernelMath.Exp((found.D * scale) - most) : 0f;
        Group.Barrier();
        return most;
    }

    // Applies dropout to a thread's four weights, after all have been summed.
    private static void Drop<L>(ArrayView<float> scores, L rows, Weights of, int row, int lane) where L : struct, IKernelRows
    {
        int at = (row * Line) + lane;
        Group.Barrier(); // the weights are added up by now
        Four kept = Kept(new Four(scores[at], scores[at + Lanes], scores[at + (2 * Lanes)], scores[at + (3 * Lanes)]), rows, of);
        scores[at] = kept.A;
        scores[at + Lanes] = kept.B;
        scores[at + (2 * Lanes)] = kept.C;
        scores[at + (3 * Lanes)] = kept.D;
    }

    private static Four Kept<L>(Four x, L rows, Weights of) where L : struct, IKernelRows => new(
        x.A * rows.Kept(of.N, of.Head, of.Query, of.Key),
        x.B * rows.Kept(of.N, of.Head, of.Query, of.Key + Lanes),
        x.C * rows.Kept(of.N, of.Head, of.Query, of.Key + (2 * Lanes)),
        x.D * rows.Kept(of.N, of.Head, of.Query, of.Key + (3 * Lanes)));

    // Σ dy·y of the thread's row: each lane adds up every eighth number.
    private static float Delta(ArrayView<float> dy, ArrayView<float> y, Source of, int t, ArrayView<float> room, int row, int lane)
    {
        float part = 0f;
        for (int d = lane; d < of.Width && t < of.Length; d += Lanes)
            part += dy[of.Begin + (t * of.Row) + d] * y[of.Begin + (t * of.Row) + d];
        room[(row * Line) + lane] = part;
        Group.Barrier();
        float sum = 0f;
        for (int i = 0; i < Lanes; i++)
            sum += room[(row * Line) + i];
        Group.Barrier();
        return sum;
    }

    // The dot products of the thread's row with others lane, lane + 8, lane + 16 and lane + 24. No thread returns before all have read what they had
    // in shared memory: scores may be written next.
    private static Four Dots(
        ArrayView<float> a, Source ofRows, int firstRow, ArrayView<float> b, Source ofOthers, int firstOther, ArrayView<float> rows, ArrayView<float> others, int row, int lane)
    {
        float c0 = 0f, c1 = 0f, c2 = 0f, c3 = 0f;
        for (int begin = 0; begin < ofRows.Width; begin += Chunk)
        {
            Group.Barrier(); // what was loaded before is read by now
            Load(a, ofRows, firstRow, Rows, begin, rows);
            Load(b, ofOthers, firstOther, Others, begin, others);
            Group.Barrier();
            for (int d = 0; d < Chunk; d++)
            {
                float x = rows[(row * Line) + d];
                c0 += x * others[(lane * Line) + d];
                c1 += x * others[((lane + Lanes) * Line) + d];
                c2 += x * others[((lane + (2 * Lanes)) * Line) + d];
                c3 += x * others[((lane + (3 * Lanes)) * Line) + d];
            }
        }
        return new Four(c0, c1, c2, c3);
    }

    // target = target·shrink + Σ weights of the thread's row · others, a chunk of the width at a time.
    private static void AddWeighted(
        ArrayView<float> weights, ArrayView<float> b, Source ofOthers, int firstOther, ArrayView<float> others, int row, ArrayView<float> into, Target target, float shrink)
    {
        for (int begin = 0; begin < ofOthers.Width; begin += Chunk)
        {
            Group.Barrier(); // what was loaded before is read, and the weights are written by now
            Load(b, ofOthers, firstOther, Others, begin, others);
            Group.Barrier();
            float c0 = 0f, c1 = 0f, c2 = 0f, c3 = 0f;
            for (int j = 0; j < Others; j++)
            {
                float w = weights[(row * Line) + j];
                c0 += w * others[(j * Line) + target.Lane];
                c1 += w * others[(j * Line) + target.Lane + Lanes];
                c2 += w * others[(j * Line) + target.Lane + (2 * Lanes)];
                c3 += w * others[(j * Line) + target.Lane + (3 * Lanes)];
            }
            target.Add(into, begin, c0, shrink);
            target.Add(into, begin + Lanes, c1, shrink);
            target.Add(into, begin + (2 * Lanes), c2, shrink);
            target.Add(into, begin + (3 * Lanes), c3, shrink);
        }
    }

    // Loads a chunk of columns of some positions; zeros beyond the last position.
    private static void Load(ArrayView<float> x, Source of, int first, int count, int begin, ArrayView<float> room)
    {
        for (int i = Group.IdxX; i < count * Chunk; i += Threads)
        {
            int t = first + (i / Chunk), d = begin + (i % Chunk);
            room[(i / Chunk * Line) + (i % Chunk)] = t < of.Length && d < of.Width ? x[of.Begin + (t * of.Row) + d] : 0f;
        }
    }
}
