namespace GpuGrad.Training.Distributed;

/// <summary>
/// Several processes that train one network, a part of each batch each. Every rank makes the same calls in the same order, and every rank gets the same
/// bits back.
/// </summary>
public interface ICollectives : IDisposable
{
    /// <summary>This process's number, from 0.</summary>
    int Rank { get; }

    /// <summary>How many there are.</summary>
    int Size { get; }

    /// <summary>This process's number on its own machine.</summary>
    int LocalRank { get; }

    /// <summary>Processes on this machine.</summary>
    int LocalSize { get; }

    /// <summary>What carries the numbers, for the manifest.</summary>
    string Name { get; }

    /// <summary>Adds up the values of all ranks, element by element.</summary>
    void Sum(Span<float> values);

    /// <summary>Adds up the values of all ranks, element by element.</summary>
    void Sum(Span<double> values);

    /// <summary>Gives every rank the bytes of rank 0.</summary>
    void Broadcast(Span<byte> bytes);

    /// <summary>Ends every rank at once, with this exit code.</summary>
    void Abort(int exitCode);
}
