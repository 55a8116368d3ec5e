using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Devices.Accelerated;

/// <summary>
/// How kernels that reduce short rows share them out: a group of <see cref="Threads"/> threads has teams of a power of two,
/// and each team takes a row. Sums are trees whose shape depends on the team's size alone, so the bits never change.
/// <see cref="GroupReduce"/> is the same for a whole group.
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
        return new KernelConfig((rows + teams - 1) / teams, Threads);
    }

    /// <summary>The row of a thread's team.</summary>
    public static int Row(int team) => (Grid.IdxX * (Threads / team)) + (Group.IdxX / team);

    /// <summary>Σ over the threads of a team; each of them gets it. The whole group must call it, also teams without a row.</summary>
    /// <param name="room"><see cref="Threads"/> floats of shared memory.</param>
    /// <param name="team">Threads of a team.</param>
    /// <param name="value">What the thread adds.</param>
    public static float Sum(ArrayView<float> room, int team, float value)
    {
        int thread = Group.IdxX, place = thread % team;
        Group.Barrier(); // the room may still be read for the sum before
        room[thread] = value;
        Group.Barrier();
        for (int width = team / 2; width > 0; width /= 2)
        {
            if (place < width)
                room[thread] += room[thread + width];
            Group.Barrier();
        }
        return room[thread - place];
    }

    /// <summary>The largest over the threads of a team, NaN if any is; called as <see cref="Sum"/>.</summary>
    public static float Max(ArrayView<float> room, int team, float value)
    {
        int thread = Group.IdxX, place = thread % team;
        Group.Barrier();
        room[thread] = value;
        Group.Barrier();
        for (int width = team / 2; width > 0; width /= 2)
        {
            if (place < width)
                room[thread] = Larger(room[thread], room[thread + width]);
            Group.Barrier();
        }
        return room[thread - place];
    }

    /// <summary>The larger of two; NaN if either is.</summary>
    public static float Larger(float a, float b) => a > b || XMath.IsNaN(a) ? a : b;
}
