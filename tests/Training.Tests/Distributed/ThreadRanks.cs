using GpuGrad.Training.Distributed;

namespace GpuGrad.Training.Tests.Distributed;

/// <summary>Ranks that are threads of this process.</summary>
internal sealed class ThreadRanks : IDisposable
{
    private readonly Barrier barrier;
    private readonly double[]?[] parts;
    private byte[] told = [];

    private ThreadRanks(int size) => (barrier, parts) = (new Barrier(size), new double[size][]);

    /// <summary>Runs something in every rank; gives what each returned.</summary>
    public static T[] Run<T>(int size, Func<ICollectives, T> body)
    {
        using var all = new ThreadRanks(size);
        var results = new T[size];
        var failures = new Exception?[size];
        Thread[] threads = [.. Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            try
            {
                results[rank] = body(new Of(all, rank, size));
            }
            catch (Exception e)
            {
                failures[rank] = e;
                all.barrier.RemoveParticipant();
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        return failures.FirstOrDefault(f => f is not null) is { } failure ? throw failure : results;
    }

    public void Dispose() => barrier.Dispose();

    private sealed class Of(ThreadRanks all, int rank, int size) : ICollectives
    {
        public int Rank => rank;

        public int Size => size;

        public int LocalRank => rank;

        public int LocalSize => size;

        public string Name => "threads";

        public void Sum(Span<float> values)
        {
            double[] sums = Sums([.. values.ToArray().Select(v => (double)v)]);
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)sums[i];
        }

        public void Sum(Span<double> values) => Sums(values.ToArray()).CopyTo(values);

        public IPendingSum BeginSum(float[] values, int begin, int length)
        {
            // As if nothing came of it until somebody waits: what reads a sum too early then reads what it must not.
            float[] own = values[begin..(begin + length)];
            values.AsSpan(begin, length).Fill(float.NaN);
            return new Pending(() =>
            {
                Sum(own);
                own.CopyTo(values, begin);
            });
        }

        public void Broadcast(Span<byte> bytes)
        {
            if (rank == 0)
                all.told = bytes.ToArray();
            all.barrier.SignalAndWait();
            all.told.CopyTo(bytes);
            all.barrier.SignalAndWait();
        }

        public void Abort(int exitCode) => throw new InvalidOperationException($"aborted with {exitCode}");

        public void Dispose()
        {
        }

        private sealed class Pending(Action add) : IPendingSum
        {
            private Action? add = add;

            public bool IsDone() => add is null;

            public void Wait()
            {
                add?.Invoke();
                add = null;
            }
        }

        private double[] Sums(double[] own)
        {
            all.parts[rank] = own;
            all.barrier.SignalAndWait();
            double[] sums = [.. Enumerable.Range(0, own.Length).Select(i => all.parts.Sum(p => p![i]))];
            all.barrier.SignalAndWait();
            return sums;
        }
    }
}
