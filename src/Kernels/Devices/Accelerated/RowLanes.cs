using System.Numerics;
using GpuGrad.Kernels.Numerics;
using ILGPU;

namespace GpuGrad.Kernels.Devices.Accelerated;

/// <summary>
/// Rows that groups of threads reduce: all threads of a group one long row, or as many lanes as a short one has elements and
/// several rows side by side. Results are combined in a tree, in the same order every time.
/// </summary>
internal readonly record struct RowLanes(int Rows, int Size, int Lanes)
{
    /// <summary>Threads of a group, a power of two.</summary>
    public const int Threads = 128;

    /// <summary>The calling thread's row; there may be none with that number.</summary>
    public int Row => (Grid.IdxX * (Threads / Lanes)) + (Group.IdxX / Lanes);

    /// <summary>The calling thread's place among those of its row.</summary>
    public int Lane => Group.IdxX % Lanes;

    /// <summary>Where the calling thread's row begins.</summary>
    public int Begin => Row < Rows ? Row * Size : 0;

    /// <summary>Where it ends; it is empty if there is no such row.</summary>
    public int End => Row < Rows ? (Row * Size) + Size : 0;

    public static RowLanes Of(int rows, int size) => new(rows, size, Math.Min(Threads, (int)BitOperations.RoundUpToPowerOf2((uint)size)));

    /// <summary>For the host: a launch over all rows.</summary>
    public static KernelConfig Config(RowLanes r) => new(checked((int)(((r.Rows * (long)r.Lanes) + Threads - 1) / Threads)), Threads);

    /// <summary>The sum over a row's lanes, for each of them; every thread of the group must ask. <paramref name="shared"/> holds a float a thread.</summary>
    public float Sum(ArrayView<float> shared, float value)
    {
        int thread = Group.IdxX, lane = Lane;
        Group.Barrier(); // whoever still reads the result before this one
        shared[thread] = value;
        Group.Barrier();
        for (int width = Lanes / 2; width > 0; width /= 2)
        {
            if (lane < width)
                shared[thread] += shared[thread + width];
            Group.Barrier();
        }
        return shared[thread - lane];
    }

    /// <summary>The largest over a row's lanes, NaN if one is.</summary>
    public float Max(ArrayView<float> shared, float value)
    {
        int thread = Group.IdxX, lane = Lane;
        Group.Barrier();
        shared[thread] = value;
        Group.Barrier();
        for (int width = Lanes / 2; width > 0; width /= 2)
        {
            if (lane < width)
                shared[thread] = F32.Max(new(shared[thread]), new(shared[thread + width])).Value;
            Group.Barrier();
        }
        return shared[thread - lane];
    }
}
