using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>
/// How kernels distribute short rows that they reduce: a group of <see cref="Threads"/> threads is divided into teams (a power of two threads),
/// and each team takes a row. <see cref="GroupReduce"/> combines the results of its threads.
/// </summary>
internal static class RowTeams
{
    /// <summary>Group size, a power of two.</summary>
    public const int Threads = GroupReduce.Threads;

    /// <summary>Launch specialization for groups of <see cref="Threads"/>.</summary>
    public static KernelSpecialization Specialization => new(Threads, null);

    /// <summary>The smallest team with a thread per element of a row of this width, or the whole group.</summary>
    public static int Size(int width)
    {
        int size = 1;
        while (size < width && size < Threads)
            size *= 2;
        return size;
    }

    /// <summary>The launch with enough groups for every row to have a team of the given size.</summary>
    public static KernelConfig Launch(int rows, int team)
    {
        int teams = Threads / team;
        return new KernelConfig(checked(rows + teams - 1) / teams, Threads);
    }

    /// <summary>The row of the calling thread's team.</summary>
    public static int Row(int team) => (Grid.IdxX * (Threads / team)) + (Group.IdxX / team);
}
