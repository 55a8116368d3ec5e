using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data.Rows;

/// <summary>The numbers of a batch, in the order of its samples.</summary>
/// <param name="Bytes">Where every number is a byte, else empty.</param>
/// <param name="Numbers">Other numbers, raw.</param>
internal sealed record RowBatch(byte[] Bytes, double[] Numbers);

/// <summary>
/// Reads batches of rows ahead of the step that takes them, on the pool's threads. What a batch holds depends on the order alone, not on
/// who reads it when.
/// </summary>
/// <param name="rows">Where they come from.</param>
internal sealed class BatchReader(ISampleRows rows)
{
    // One batch is taken, one is ready, one is being read.
    private const int Ahead = 2;

    private readonly Queue<(int Cursor, int Size, Task<RowBatch> Batch)> coming = new();
    private readonly Stack<RowBatch> free = new();
    private int[]? order;
    private int largest;

    /// <summary>The order of an epoch; null for that of the rows. What was read ahead in another one is forgotten.</summary>
    public void Begin(int[]? order)
    {
        Forget();
        this.order = order;
    }

    /// <summary>The next batch of the order; what follows it is read meanwhile.</summary>
    /// <param name="cursor">Samples before it.</param>
    /// <param name="size">Samples in it.</param>
    /// <param name="use">Given the numbers, which are others' afterwards.</param>
    public void Take(int cursor, int size, Action<RowBatch> use)
    {
        if (coming.TryPeek(out (int Cursor, int Size, Task<RowBatch> Batch) next) && (next.Cursor != cursor || next.Size != size))
            Forget();
        if (coming.Count == 0)
            Start(cursor, size);
        Task<RowBatch> task = coming.Dequeue().Batch;
        largest = Math.Max(largest, size);
        int length = order?.Length ?? rows.Count, last = coming.Count > 0 ? coming.Max(c => c.Cursor + c.Size) : cursor + size;
        for (; coming.Count < Ahead && last < length; last += Math.Min(largest, length - last))
            Start(last, Math.Min(largest, length - last));
        RowBatch batch = task.GetAwaiter().GetResult();
        use(batch);
        free.Push(batch);
    }

    private void Start(int cursor, int size)
    {
        int needed = checked(size * rows.Size);
        RowBatch? used = free.Count > 0 ? free.Pop() : null;
        if (used is not null && Math.Max(used.Bytes.Length, used.Numbers.Length) < needed)
            used = null;
        RowBatch batch = used ?? (rows.AreBytes ? new RowBatch(new byte[needed], []) : new RowBatch([], new double[needed]));
        int[]? places = order;
        coming.Enqueue((cursor, size, Task.Run(() => Read(batch, places, cursor, size))));
    }

    private RowBatch Read(RowBatch batch, int[]? places, int cursor, int size)
    {
        int width = rows.Size;
        Concurrently.For(size, i =>
        {
            int row = places is null ? cursor + i : places[cursor + i];
            if (rows.AreBytes)
                rows.Read(row, batch.Bytes.AsSpan(i * width, width));
            else
                rows.Read(row, batch.Numbers.AsSpan(i * width, width));
        });
        return batch;
    }

    // They run to their end by themselves; their buffers are theirs.
    private void Forget()
    {
        foreach ((_, _, Task<RowBatch> task) in coming)
            _ = task.ContinueWith(t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        coming.Clear();
    }
}
