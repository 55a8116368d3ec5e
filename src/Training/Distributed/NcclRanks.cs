using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Ilgpu;

namespace GpuGrad.Training.Distributed;

/// <summary>Ranks on CUDA devices: NCCL sums what lies in the devices' memory, MPI carries everything else and NCCL's id.</summary>
public sealed class NcclRanks : ICollectives
{
    private readonly ICollectives ranks;
    private readonly Nccl nccl;
    private readonly CudaInterop cuda;

    private NcclRanks(ICollectives ranks, Nccl nccl, CudaInterop cuda) => (this.ranks, this.nccl, this.cuda) = (ranks, nccl, cuda);

    public int Rank => ranks.Rank;

    public int Size => ranks.Size;

    public int LocalRank => ranks.LocalRank;

    public int LocalSize => ranks.LocalSize;

    public string Name => $"{nccl.Name} and {ranks.Name}";

    /// <summary>
    /// The ranks with NCCL, if every rank has a CUDA device of its own and the library; null otherwise. All ranks must call it, with the devices that they train on.
    /// </summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="device">This rank's device.</param>
    public static NcclRanks? Of(ICollectives? ranks, Device device)
    {
        if (ranks is null)
            return null;
        CudaInterop? cuda = CudaInterop.Of(device);
        Nccl? nccl = cuda is not null && ranks.LocalSize <= DeviceCatalog.List().Count(d => d.Id.StartsWith("cuda:", StringComparison.Ordinal)) ? Nccl.Load() : null;
        Span<double> able = [nccl is null ? 0 : 1];
        ranks.Sum(able);
        if (nccl is null || able[0] < ranks.Size)
            return null;
        Span<byte> id = new byte[Nccl.IdLength];
        cuda!.Bind();
        if (ranks.Rank == 0)
            nccl.MakeId(id);
        ranks.Broadcast(id);
        nccl.Join(id, ranks.Rank, ranks.Size);
        return new NcclRanks(ranks, nccl, cuda);
    }

    public void Sum(Span<float> values) => ranks.Sum(values);

    public void Sum(Span<double> values) => ranks.Sum(values);

    public IPendingSum BeginSum(float[] values, int begin, int length) => ranks.BeginSum(values, begin, length);

    public void Broadcast(Span<byte> bytes) => ranks.Broadcast(bytes);

    public bool TrySum(DeviceBuffer values, long count, double weight)
    {
        cuda.Bind();
        nccl.Sum(cuda.AddressOf(values), count, (float)weight, cuda.Stream);
        return true;
    }

    public void Abort(int exitCode)
    {
        nccl.Abort();
        ranks.Abort(exitCode);
    }

    /// <summary>Ends NCCL's communicator after the last sum. All ranks must call it; the ranks that it was made of live on.</summary>
    public void End()
    {
        cuda.Bind();
        nccl.Dispose();
    }

    /// <summary>Without <see cref="End"/>, after an error: does not wait for the other ranks.</summary>
    public void Dispose() => nccl.Abort();
}
