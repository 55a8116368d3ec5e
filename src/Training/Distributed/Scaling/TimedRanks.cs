using System.Diagnostics;

namespace GpuGrad.Training.Distributed.Scaling;

/// <summary>Measures the sums and the waiting time of other ranks.</summary>
internal sealed class TimedRanks(ICollectives ranks) : ICollectives
{
    private readonly List<int> sums = [];

    public int Rank => ranks.Rank;

    public int Size => ranks.Size;

    public int LocalRank => ranks.LocalRank;

    public int LocalSize => ranks.LocalSize;

    public string Name => ranks.Name;

    /// <summary>Seconds spent in waiting calls, with nothing to compute.</summary>
    public double Exposed { get; private set; }

    /// <summary>Bytes of each sum since <see cref="Forget"/>, in order.</summary>
    public IReadOnlyList<int> Sums => sums;

    public void Forget() => sums.Clear();

    public void Sum(Span<float> values)
    {
        sums.Add(values.Length * sizeof(float));
        long begin = Stopwatch.GetTimestamp();
        ranks.Sum(values);
        Exposed += Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    public void Sum(Span<double> values)
    {
        sums.Add(values.Length * sizeof(double));
        long begin = Stopwatch.GetTimestamp();
        ranks.Sum(values);
        Exposed += Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    public IPendingSum BeginSum(float[] values, int begin, int length)
    {
        sums.Add(length * sizeof(float));
        return new Pending(this, ranks.BeginSum(values, begin, length));
    }

    public void Broadcast(Span<byte> bytes) => ranks.Broadcast(bytes);

    public void Abort(int exitCode) => ranks.Abort(exitCode);

    public void Dispose() => ranks.Dispose();

    private sealed class Pending(TimedRanks all, IPendingSum sum) : IPendingSum
    {
        public bool IsDone() => sum.IsDone();

        public void Wait()
        {
            long begin = Stopwatch.GetTimestamp();
            sum.Wait();
            all.Exposed += Stopwatch.GetElapsedTime(begin).TotalSeconds;
        }
    }
}
