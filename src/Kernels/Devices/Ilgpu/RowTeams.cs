using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>
/// How kernels that reduce short rows share them out: a group of <see cref="Threads"/> threads has teams of a power of two,
/// and each team takes a row. <see cref="GroupReduce"/> combines what its threads found.
/// </summary>
internal static class RowTeams
{
    /// <summary>Threads of a group, a power of two.</summary>
    public const int Threads = GroupReduce.Threads;

    /// <summary>For kernels in groups of <see cref="Threads"/>.</summary>
    public static KernelSpecialization Specialization => new(Threads, null);

    /// <summary>The smallest team that reads a row of this width at once, or the whole group.</summary>
    public static int Size(int width)
    {
        int size = 1;
        while (size < width && size < Threads)
            size *= 2;
        return size;
    }

    /// <summary>As many groups as there must be for teams of a size to take every row.</summary>
    public static KernelConfig Launch(int rows, int team)
    {
        int teams = Threads / team;
        return new KernelConfig(checked(rows + teams - 1) / teams, Threads);
    }

    /// <summary>The row of a thread's team.</summary>
    public static int Row(int team) => (Grid.IdxX * (Threads / team)) + (Group.IdxX / team);
}
