using System.Diagnostics;
using GpuGrad.Training.Data;
using GpuGrad.Training.Tools;

namespace GpuGrad.Web.Serving;

/// <summary>
/// Dynamic batching: computes the samples of several requests as one batch. Samples that arrive while the device computes wait and go into the next
/// batch; a batch that is not full waits a little longer only while other requests are arriving.
/// </summary>
internal sealed class Batcher : IDisposable
{
    private readonly PredictionSession session;
    private readonly TimeSpan longestWait;
    private readonly Func<int> openRequests;
    private readonly Action<int, double> observe;
    private readonly LinkedList<Job> queue = new();
    private readonly Thread worker;
    private bool closed;
    private int waiting;

    /// <param name="session">The network; from now on only the batcher's thread uses it. Disposed by the batcher.</param>
    /// <param name="longestWait">How long a sample may wait for others.</param>
    /// <param name="openRequests">Number of requests that are accepted and not yet answered, including those in the queue.</param>
    /// <param name="observe">Called for every batch with its number of samples and its seconds.</param>
    public Batcher(PredictionSession session, TimeSpan longestWait, Func<int> openRequests, Action<int, double> observe)
    {
        (this.session, this.longestWait, this.openRequests, this.observe) = (session, longestWait, openRequests, observe);
        worker = new Thread(Work) { Name = "batches", IsBackground = true };
        worker.Start();
    }

    /// <summary>Number of samples waiting.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    /// <summary>The error of a failed device; null while it works.</summary>
    public string? DeviceFault { get; private set; }

    /// <summary>Predicts all samples, in order.</summary>
    /// <param name="samples">In memory.</param>
    /// <param name="stop">Cancelled when the client is gone: samples that have not been started are dropped.</param>
    public async Task<IReadOnlyList<Prediction>> Predict(SampleSet samples, CancellationToken stop)
    {
        var job = new Job(samples, session.TakesAsBytes(samples), stop);
        lock (queue)
        {
            ObjectDisposedException.ThrowIf(closed, this);
            queue.AddLast(job);
            waiting += samples.Count;
            Monitor.Pulse(queue);
        }
        await using CancellationTokenRegistration registration = stop.Register(() => job.Answer.TrySetCanceled(stop));
        return await job.Answer.Task;
    }

    /// <summary>Computes what is waiting, then ends the thread.</summary>
    public void Dispose()
    {
        lock (queue)
        {
            closed = true;
            Monitor.Pulse(queue);
        }
        worker.Join();
        session.Dispose();
    }

    private void Work()
    {
        for (List<(Job Job, SamplePart Part)> batch = Next(); batch.Count > 0; batch = Next())
        {
            long start = Stopwatch.GetTimestamp();
            try
            {
                IReadOnlyList<Prediction> predictions = session.Predict([.. batch.Select(b => b.Part)]);
                int at = 0;
                foreach ((Job job, SamplePart part) in batch)
                {
                    job.Fill(part, predictions, at);
                    at += part.Count;
                }
                observe(at, Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
            catch (Exception e)
            {
                if (e is GpuGradException { Fault: Fault.Device })
                    DeviceFault = e.Message;
                foreach ((Job job, _) in batch)
                    job.Answer.TrySetException(e);
            }
        }
    }

    // Waits for the next batch; empty once the batcher is closed and the queue done.
    private List<(Job Job, SamplePart Part)> Next()
    {
        lock (queue)
        {
            while (true)
            {
                while (queue.Count == 0 && !closed)
                    Monitor.Wait(queue);
                if (queue.Count == 0)
                    return [];
                WaitForOthers(queue.First!.Value);
                List<(Job, SamplePart)> batch = Take();
                if (batch.Count > 0)
                    return batch;
            }
        }
    }

    private void WaitForOthers(Job first)
    {
        while (!closed && waiting < session.MostAtOnce && openRequests() > queue.Count)
        {
            TimeSpan left = longestWait - Stopwatch.GetElapsedTime(first.Since);
            if (left <= TimeSpan.Zero || !Monitor.Wait(queue, TimeSpan.FromMilliseconds(Math.Max(1, left.TotalMilliseconds))))
                return;
        }
    }

    // Takes samples of one kind (bytes or floats), oldest first; those of the other kind stay for the next batch.
    private List<(Job, SamplePart)> Take()
    {
        var batch = new List<(Job, SamplePart)>();
        int room = session.MostAtOnce;
        bool? areBytes = null;
        for (LinkedListNode<Job>? node = queue.First, next; node is not null && room > 0; node = next)
        {
            next = node.Next;
            Job job = node.Value;
            if (job.Stop.IsCancellationRequested || job.Answer.Task.IsCompleted)
            {
                waiting -= job.Left;
                queue.Remove(node);
                continue;
            }
            if ((areBytes ??= job.AreBytes) != job.AreBytes)
                continue;
            int count = Math.Min(room, job.Left);
            batch.Add((job, job.Take(count)));
            room -= count;
            waiting -= count;
            if (job.Left == 0)
                queue.Remove(node);
        }
        return batch;
    }

    private sealed class Job(SampleSet samples, bool areBytes, CancellationToken stop)
    {
        private readonly Prediction[] predictions = new Prediction[samples.Count];
        private int taken, filled;

        public bool AreBytes => areBytes;

        public CancellationToken Stop => stop;

        public long Since { get; } = Stopwatch.GetTimestamp();

        public TaskCompletionSource<IReadOnlyList<Prediction>> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Left => samples.Count - taken;

        public SamplePart Take(int count)
        {
            var part = new SamplePart(samples, taken, count);
            taken += count;
            return part;
        }

        public void Fill(SamplePart part, IReadOnlyList<Prediction> all, int from)
        {
            for (int i = 0; i < part.Count; i++)
                predictions[part.First + i] = all[from + i];
            filled += part.Count;
            if (filled == predictions.Length)
                Answer.TrySetResult(predictions);
        }
    }
}
