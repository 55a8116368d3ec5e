using System.Globalization;

namespace GpuGrad.Training.Distributed;

/// <summary>Rank and size of this process, from the environment of an MPI launcher (<c>mpirun</c>, <c>mpiexec</c>).</summary>
/// <param name="Rank">From 0.</param>
/// <param name="Size">Total number of processes.</param>
/// <param name="LocalRank">Rank on this machine.</param>
/// <param name="LocalSize">Number of processes on this machine.</param>
/// <param name="IsOpenMpi">Whether it is Open MPI; otherwise one with MPICH's ABI (Intel MPI, MVAPICH).</param>
public sealed record Launcher(int Rank, int Size, int LocalRank, int LocalSize, bool IsOpenMpi)
{
    /// <summary>Null without a launcher, or for a single process.</summary>
    public static Launcher? Find(Func<string, string?>? variable = null)
    {
        variable ??= Environment.GetEnvironmentVariable;
        int? Number(params string[] names) => names.Select(n => int.TryParse(variable(n), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? (int?)value : null).FirstOrDefault(v => v is not null);
        bool open = variable("OMPI_COMM_WORLD_SIZE") is not null;
        int? size = open ? Number("OMPI_COMM_WORLD_SIZE") : Number("PMI_SIZE"), rank = open ? Number("OMPI_COMM_WORLD_RANK") : Number("PMI_RANK");
        if (size is not > 1 || rank is null || rank >= size)
            return null;
        int localSize = Number(open ? "OMPI_COMM_WORLD_LOCAL_SIZE" : "MPI_LOCALNRANKS") ?? 1;
        return new Launcher(rank.Value, size.Value, Number(open ? "OMPI_COMM_WORLD_LOCAL_RANK" : "MPI_LOCALRANKID") ?? 0, Math.Max(1, localSize), open);
    }
}
