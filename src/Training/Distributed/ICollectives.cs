using GpuGrad.Kernels.Devices;

namespace GpuGrad.Training.Distributed;

/// <summary>
/// Several processes that train one network, each with a part of every batch. All ranks make the same calls in the same order, and all get the same
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

    /// <summary>Number of processes on this machine.</summary>
    int LocalSize { get; }

    /// <summary>Name of the transport, for the manifest.</summary>
    string Name { get; }

    /// <summary>Sums the values of all ranks, elementwise.</summary>
    void Sum(Span<float> values);

    /// <summary>Sums the values of all ranks, elementwise.</summary>
    void Sum(Span<double> values);

    /// <summary>Starts to sum the values of all ranks and returns. Ranks must start such sums in the same order, and may do anything else in between.</summary>
    /// <param name="values">A pinned array from <see cref="GC.AllocateUninitializedArray{T}(int, bool)"/>; not to be used until the sum is complete.</param>
    /// <param name="begin">Index of the first value.</param>
    /// <param name="length">Number of values.</param>
    IPendingSum BeginSum(float[] values, int begin, int length);

    /// <summary>
    /// Sums values in the memory of the ranks' devices in place, each rank's multiplied by a weight of its own. It may only be enqueued on return: later work of the device sees the sum.
    /// </summary>
    /// <param name="values">Float32, in the memory of the device that the ranks were made for.</param>
    /// <param name="count">Number of values from the first on.</param>
    /// <param name="weight">This rank's.</param>
    /// <returns>False on every rank, and nothing was done, if values have to come to the host for a sum.</returns>
    bool TrySum(DeviceBuffer values, long count, double weight) => false;

    /// <summary>Sends the bytes of rank 0 to every rank.</summary>
    void Broadcast(Span<byte> bytes);

    /// <summary>Ends all ranks at once, with this exit code.</summary>
    void Abort(int exitCode);
}

/// <summary>A sum in progress.</summary>
public interface IPendingSum
{
    /// <summary>Whether it is complete. An MPI without progress threads only makes progress when this is called.</summary>
    bool IsDone();

    /// <summary>Waits until it is complete.</summary>
    void Wait();
}
