using System.Numerics;
using System.Runtime.CompilerServices;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data;

/// <summary>Statistics of the raw values of one channel or column.</summary>
/// <param name="Minimum">Smallest value.</param>
/// <param name="Maximum">Largest value.</param>
/// <param name="Mean">Mean value.</param>
/// <param name="Deviation">Population standard deviation.</param>
public sealed record ChannelStatistics(double Minimum, double Maximum, double Mean, double Deviation)
{
    // Sums are over this many samples each and then added in order, whatever the number of threads; for bytes they are exact.
    private const int Piece = 1024, BytesPiece = 64;

    // Of larger sets every second, third, … sample is measured, so that a set on disk is not read twice.
    private const long MostNumbers = 1L << 28;

    /// <summary>Statistics per channel (the first axis of a sample), in double; for bytes without rounding before the end.</summary>
    public static IReadOnlyList<ChannelStatistics> Of(SampleSet samples)
    {
        int every = (int)Math.Max(1, ((samples.Count * samples.Shape.Length) + MostNumbers - 1) / MostNumbers);
        var looked = new Looked(samples, every);
        return samples.AreBytes ? OfBytes(looked) : OfReals(looked);
    }

    /// <summary>The samples that are measured.</summary>
    private readonly record struct Looked(SampleSet Samples, int Every)
    {
        public int Count => (Samples.Count + Every - 1) / Every;

        public int Channels => Samples.Shape[0];

        /// <summary>Numbers per channel in a sample.</summary>
        public int Size => Samples.Shape.Count / Channels;

        public void Read(int sample, Span<double> target) => Samples.Read((long)sample * Every * target.Length, target);

        public void Read(int sample, Span<byte> target) => Samples.ReadBytes(sample * Every, target);
    }

    private static ChannelStatistics[] OfBytes(Looked looked)
    {
        int channels = looked.Channels, size = looked.Size, pieces = (looked.Count + BytesPiece - 1) / BytesPiece;
        var sums = new ByteSums[pieces][];
        Concurrently.For(pieces, piece =>
        {
            var sum = new ByteSums[channels];
            Array.Fill(sum, ByteSums.Empty);
            var bytes = new byte[channels * size];
            for (int sample = piece * BytesPiece; sample < Math.Min(looked.Count, (piece + 1) * BytesPiece); sample++)
            {
                looked.Read(sample, bytes);
                for (int c = 0; c < channels; c++)
                    sum[c].Add(bytes.AsSpan(c * size, size));
            }
            sums[piece] = sum;
        });
        var statistics = new ChannelStatistics[channels];
        for (int c = 0; c < channels; c++)
        {
            ByteSums total = ByteSums.Empty;
            foreach (ByteSums[] sum in sums)
                total.Add(sum[c]);
            statistics[c] = total.Result((long)looked.Count * size);
        }
        return statistics;
    }

    private static ChannelStatistics[] OfReals(Looked looked)
    {
        int channels = looked.Channels, size = looked.Size;
        double n = (double)looked.Count * size;
        // Sums are relative to a value of the channel: plain sums would lose digits if the mean is large.
        var first = new double[channels * size];
        looked.Read(0, first);
        double[] pivots = [.. Enumerable.Range(0, channels).Select(c => first[c * size])];
        RealSums once = SumReals(looked, pivots);
        double[] means = [.. pivots.Select((pivot, c) => pivot + (once.Sum[c] / n))];
        RealSums again = SumReals(looked, means);
        return [.. Enumerable.Range(0, channels).Select(c => once.Low[c] == once.High[c]
            ? new ChannelStatistics(once.Low[c], once.High[c], once.Low[c], 0)
            : new ChannelStatistics(once.Low[c], once.High[c], means[c], Math.Sqrt(again.Squares[c] / n)))];
    }

    private static RealSums SumReals(Looked looked, double[] from)
    {
        int channels = looked.Channels, size = looked.Size, pieces = (looked.Count + Piece - 1) / Piece;
        var sums = new RealSums[pieces];
        Concurrently.For(pieces, piece =>
        {
            var sum = new RealSums(channels);
            var values = new double[channels * size];
            for (int sample = piece * Piece; sample < Math.Min(looked.Count, (piece + 1) * Piece); sample++)
            {
                looked.Read(sample, values);
                for (int c = 0; c < channels; c++)
                    sum.Add(c, values.AsSpan(c * size, size), from[c]);
            }
            sums[piece] = sum;
        });
        var total = new RealSums(channels);
        foreach (RealSums sum in sums)
            total.Add(sum);
        return total;
    }

    /// <summary>Exact sums over bytes.</summary>
    private struct ByteSums
    {
        private long sum;
        private long squares;
        private byte low;
        private byte high;

        public static ByteSums Empty => new() { low = 255, high = 0 };

        // Written with vectors, which avoids the slow first calls of tiered compilation: MNIST has 47 million bytes.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Add(ReadOnlySpan<byte> values)
        {
            // A 32-bit lane can hold the squares of this many steps: each adds four of at most 255².
            const int MostSteps = 16_000;
            var lowest = new Vector<byte>(low);
            var highest = new Vector<byte>(high);
            while (values.Length >= Vector<byte>.Count)
            {
                Vector<uint> part = default, parts = default;
                int steps = Math.Min(MostSteps, values.Length / Vector<byte>.Count);
                for (int i = 0; i < steps; i++)
                {
                    var v = new Vector<byte>(values[(i * Vector<byte>.Count)..]);
                    lowest = Vector.Min(lowest, v);
                    highest = Vector.Max(highest, v);
                    Vector.Widen(v, out Vector<ushort> a, out Vector<ushort> b);
                    part += Widened(a + b);
                    // The square of a byte fits in 16 bits, the sum of two does not.
                    parts += Widened(a * a) + Widened(b * b);
                }
                sum += Vector.Sum(Wide(part));
                squares += Vector.Sum(Wide(parts));
                values = values[(steps * Vector<byte>.Count)..];
            }
            for (int i = 0; i < Vector<byte>.Count; i++)
                (low, high) = (Math.Min(low, lowest[i]), Math.Max(high, highest[i]));
            foreach (byte v in values)
                (sum, squares, low, high) = (sum + v, squares + (v * v), Math.Min(low, v), Math.Max(high, v));
        }

        public void Add(ByteSums other) =>
            (sum, squares, low, high) = (sum + other.sum, squares + other.squares, Math.Min(low, other.low), Math.Max(high, other.high));

        private static Vector<uint> Widened(Vector<ushort> v)
        {
            Vector.Widen(v, out Vector<uint> a, out Vector<uint> b);
            return a + b;
        }

        private static Vector<long> Wide(Vector<uint> v)
        {
            Vector.Widen(v, out Vector<ulong> a, out Vector<ulong> b);
            return Vector.AsVectorInt64(a + b);
        }

        public readonly ChannelStatistics Result(long n)
        {
            double variance = (double)(((Int128)squares * n) - ((Int128)sum * sum)) / n / n;
            return new ChannelStatistics(low, high, (double)sum / n, Math.Sqrt(variance));
        }
    }

    /// <summary>Sums over reals relative to a given number, per channel.</summary>
    private sealed class RealSums(int channels)
    {
        public double[] Sum { get; } = new double[channels];

        public double[] Squares { get; } = new double[channels];

        public double[] Low { get; } = [.. Enumerable.Repeat(double.PositiveInfinity, channels)];

        public double[] High { get; } = [.. Enumerable.Repeat(double.NegativeInfinity, channels)];

        public void Add(int c, ReadOnlySpan<double> values, double from)
        {
            (double sum, double squares, double low, double high) = (Sum[c], Squares[c], Low[c], High[c]);
            foreach (double v in values)
            {
                double d = v - from;
                sum += d;
                squares += d * d;
                low = Math.Min(low, v);
                high = Math.Max(high, v);
            }
            (Sum[c], Squares[c], Low[c], High[c]) = (sum, squares, low, high);
        }

        public void Add(RealSums other)
        {
            for (int c = 0; c < Sum.Length; c++)
            {
                Sum[c] += other.Sum[c];
                Squares[c] += other.Squares[c];
                (Low[c], High[c]) = (Math.Min(Low[c], other.Low[c]), Math.Max(High[c], other.High[c]));
            }
        }
    }
}
