using System.Numerics;

namespace GpuGrad.Training.Distributed.Scaling;

/// <summary>
/// A network between ranks, described by two numbers: a message of n bytes takes α + nβ seconds (Hockney, "The communication challenge for MPP", 1994). β includes
/// the additions.
/// </summary>
/// <param name="Latency">α in seconds.</param>
/// <param name="SecondsPerByte">β, the inverse of the bandwidth.</param>
public readonly record struct Link(double Latency, double SecondsPerByte)
{
    /// <summary>A network by the usual units.</summary>
    public static Link Of(double microseconds, double gigabytesPerSecond) => new(microseconds * 1e-6, 1e-9 / gigabytesPerSecond);

    /// <summary>
    /// Seconds of an all-reduce in a ring: 2(p − 1) rounds, each of which sends a p-th part to the neighbour: 2(p − 1)α + 2(p − 1)/p · nβ
    /// (Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations", 2009).
    /// </summary>
    public double Ring(int ranks, double bytes) => Seconds(RingTerms(ranks, bytes));

    /// <summary>
    /// Seconds of an all-reduce over a binomial tree, up and down again: 2⌈log₂ p⌉(α + nβ)
    /// (Thakur, Rabenseifner and Gropp, "Optimization of collective communication operations in MPICH", 2005).
    /// </summary>
    public double Tree(int ranks, double bytes) => Seconds(TreeTerms(ranks, bytes));

    /// <summary>Seconds of an all-reduce with the faster of the two, as libraries choose by size.</summary>
    public double Sum(int ranks, double bytes) => Math.Min(Ring(ranks, bytes), Tree(ranks, bytes));

    /// <summary>Fits a link to measured all-reduces: least squares of the relative errors, each size with the faster algorithm.</summary>
    /// <param name="ranks">Number of ranks, at least 2.</param>
    /// <param name="sums">Bytes and seconds, of at least two sizes.</param>
    public static Link Fit(int ranks, IReadOnlyList<(double Bytes, double Seconds)> sums)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ranks, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(sums.Count, 2);
        // Initially the small ones use the tree; which is faster depends on the link being fitted.
        bool[] byTree = [.. sums.Select((_, i) => i < sums.Count / 2)];
        Link link = default;
        for (int round = 0; round < 2 * sums.Count; round++)
        {
            link = Solve(sums.Select((s, i) => (byTree[i] ? TreeTerms(ranks, s.Bytes) : RingTerms(ranks, s.Bytes), s.Seconds)));
            bool[] next = [.. sums.Select(s => link.Tree(ranks, s.Bytes) < link.Ring(ranks, s.Bytes))];
            if (next.SequenceEqual(byTree))
                break;
            byTree = next;
        }
        return link;
    }

    private double Seconds((double Messages, double Bytes) terms) => (terms.Messages * Latency) + (terms.Bytes * SecondsPerByte);

    private static (double Messages, double Bytes) RingTerms(int ranks, double bytes) => (2.0 * (ranks - 1), 2.0 * (ranks - 1) / ranks * bytes);

    private static (double Messages, double Bytes) TreeTerms(int ranks, double bytes)
    {
        double levels = ranks < 2 ? 0 : BitOperations.Log2((uint)(ranks - 1)) + 1;
        return (2 * levels, 2 * levels * bytes);
    }

    // The normal equations of two unknowns; neither may be negative.
    private static Link Solve(IEnumerable<((double Messages, double Bytes) Terms, double Seconds)> sums)
    {
        double aa = 0, ab = 0, bb = 0, a1 = 0, b1 = 0;
        foreach (((double messages, double bytes), double seconds) in sums)
        {
            double a = messages / seconds, b = bytes / seconds;
            (aa, ab, bb, a1, b1) = (aa + (a * a), ab + (a * b), bb + (b * b), a1 + a, b1 + b);
        }
        double determinant = (aa * bb) - (ab * ab), latency = ((bb * a1) - (ab * b1)) / determinant, perByte = ((aa * b1) - (ab * a1)) / determinant;
        if (!(latency >= 0))
            return new Link(0, b1 / bb);
        return perByte >= 0 ? new Link(latency, perByte) : new Link(a1 / aa, 0);
    }
}
