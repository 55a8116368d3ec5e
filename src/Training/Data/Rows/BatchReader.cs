using GpuGrad.Training.Data.Augmenting;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data.Rows;

/// <summary>The values of a batch, in the order of its samples.</summary>
/// <param name="Bytes">The values if all are bytes, else empty.</param>
/// <param name="Numbers">Other values, raw.</param>
internal sealed record RowBatch(byte[] Bytes, double[] Numbers)
{
    /// <summary>The class of each pixel if pixels were moved; else empty.</summary>
    public byte[] Mask { get; init; } = [];

    /// <summary>Target images if pixels were moved; else empty.</summary>
    public float[] Targets { get; init; } = [];
}

/// <summary>Identifies a batch of a run: it determines the random changes of its samples.</summary>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Number">Number of batches of the run before it.</param>
public readonly record struct BatchTime(ulong Seed, long Number);

/// <summary>
/// Reads batches ahead of the step that takes them, on the thread pool, and augments their pictures. The content of a batch depends only
/// on the order and its number, not on the thread or time of reading.
/// </summary>
/// <param name="rows">Source of the rows.</param>
/// <param name="changer">Random changes; null for none.</param>
internal sealed class BatchReader(ISampleRows rows, BatchChanger? changer = null)
{
    // One batch is in use, one is ready, one is being read.
    private const int Ahead = 2;

    private readonly record struct Coming(int Cursor, int Size, BatchTime Time, Task<RowBatch> Batch);

    private readonly Queue<Coming> coming = new();
    private readonly Stack<RowBatch> free = new();
    private int[]? order;
    private int largest;

    /// <summary>Sets the order of an epoch; null for that of the rows. Batches read ahead in another order are discarded.</summary>
    public void Begin(int[]? order)
    {
        Forget();
        this.order = order;
    }

    /// <summary>Passes on the next batch of the order, and starts to read the one after it.</summary>
    /// <param name="cursor">Number of samples before it.</param>
    /// <param name="size">Number of samples in it.</param>
    /// <param name="time">Number of the batch in the run.</param>
    /// <param name="use">Receives the values, whose buffers are then reused.</param>
    public void Take(int cursor, int size, BatchTime time, Action<RowBatch> use)
    {
        if (coming.TryPeek(out Coming next) && (next.Cursor != cursor || next.Size != size || (changer is not null && next.Time != time)))
            Forget();
        if (coming.Count == 0)
            Start(cursor, size, time);
        Task<RowBatch> task = coming.Dequeue().Batch;
        largest = Math.Max(largest, size);
        int length = order?.Length ?? rows.Count, last = coming.Count > 0 ? coming.Max(c => c.Cursor + c.Size) : cursor + size;
        for (; coming.Count < Ahead && last < length; last += Math.Min(largest, length - last))
            Start(last, Math.Min(largest, length - last), time with { Number = time.Number + coming.Count + 1 });
        RowBatch batch = task.GetAwaiter().GetResult();
        use(batch);
        free.Push(batch);
    }

    private void Start(int cursor, int size, BatchTime time)
    {
        int needed = checked(size * rows.Size);
        RowBatch? used = free.Count > 0 ? free.Pop() : null;
        if (used is not null && Math.Max(used.Bytes.Length, used.Numbers.Length) < needed)
            used = null;
        RowBatch batch = used ?? New(needed, size);
        int[]? places = order;
        coming.Enqueue(new Coming(cursor, size, time, Task.Run(() => Read(batch, places, cursor, size, time))));
    }

    private RowBatch New(int needed, int size)
    {
        RowBatch batch = rows.AreBytes ? new RowBatch(new byte[needed], []) : new RowBatch([], new double[needed]);
        return changer is null ? batch : changer.Room(batch, size);
    }

    private RowBatch Read(RowBatch batch, int[]? places, int cursor, int size, BatchTime time)
    {
        int width = rows.Size;
        Concurrently.For(size, i =>
        {
            int row = places is null ? cursor + i : places[cursor + i];
            if (rows.AreBytes)
                rows.Read(row, batch.Bytes.AsSpan(i * width, width));
            else
                rows.Read(row, batch.Numbers.AsSpan(i * width, width));
            changer?.Change(batch, i, row, time.Seed, time.Number);
        });
        return batch;
    }

    // They complete by themselves; their buffers belong to them.
    private void Forget()
    {
        foreach (Coming batch in coming)
            _ = batch.Batch.ContinueWith(t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        coming.Clear();
    }
}
