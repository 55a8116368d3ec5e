namespace GpuGrad.Training.Distributed;

/// <summary>
/// Several processes that train one network, a part of each batch each. Every rank makes the same calls in the same order, and every rank gets the same
/// bits back.
/// </summary>
public interface ICollectives : IDisposable
{
    /// <summary>This process's number, from 0.</summary>
    int Rank { get; }

    /// <summary>Number of ranks.</summary>
    int Size { get; }

    /// <summary>This process's number on its own machine.</summary>
    int LocalRank { get; }

    /// <summary>Processes on this machine.</summary>
    int LocalSize { get; }

    /// <summary>Name of the transport, for the manifest.</summary>
    string Name { get; }

    /// <summary>Adds up the values of all ranks, element by element.</summary>
    void Sum(Span<float> values);

    /// <summary>Adds up the values of all ranks, element by element.</summary>
    void Sum(Span<double> values);

    /// <summary>Begins to add up the values of all ranks and returns. Ranks begin such sums in the same order, between which they may do anything else.</summary>
    /// <param name="values">From <see cref="GC.AllocateUninitializedArray{T}(int, bool)"/>, pinned; left alone until the sum is there.</param>
    /// <param name="begin">The first of them.</param>
    /// <param name="length">How many.</param>
    IPendingSum BeginSum(float[] values, int begin, int length);

    /// <summary>Gives every rank the bytes of rank 0.</summary>
    void Broadcast(Span<byte> bytes);

    /// <summary>Ends every rank at once, with this exit code.</summary>
    void Abort(int exitCode);
}

/// <summary>A sum that was begun.</summary>
public interface IPendingSum
{
    /// <summary>Looks whether it is there. An MPI without threads of its own gets on with it only when it is looked at.</summary>
    bool IsDone();

    /// <summary>Waits until it is there.</summary>
    void Wait();
}
