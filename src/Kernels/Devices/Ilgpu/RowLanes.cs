using ILGPU;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>
/// Rows that groups of threads reduce: all threads of a group one long row, or as many lanes as a short one has elements and
/// several rows side by side. Results are combined in a tree, in the same order every time.
/// </summary>
internal readonly record struct RowLanes(int Rows, int Size, int Lanes)
{
    /// <summary>Threads of a group, a power of two.</summary>
    public const int Threads = GroupReduce.Threads;

    /// <summary>The calling thread's row; there may be none with that number.</summary>
    public int Row => RowTeams.Row(Lanes);

    /// <summary>The calling thread's place among those of its row.</summary>
    public int Lane => Group.IdxX % Lanes;

    /// <summary>Where the calling thread's row begins.</summary>
    public int Begin => Row < Rows ? Row * Size : 0;

    /// <summary>Where it ends; it is empty if there is no such row.</summary>
    public int End => Row < Rows ? (Row * Size) + Size : 0;

    public static RowLanes Of(int rows, int size) => new(rows, size, RowTeams.Size(size));

    /// <summary>For the host: a launch over all rows.</summary>
    public static KernelConfig Config(RowLanes r) => RowTeams.Launch(r.Rows, r.Lanes);

    /// <summary>The sum over a row's lanes, for each of them; every thread of the group must ask. <paramref name="shared"/> holds a float a thread.</summary>
    public float Sum(ArrayView<float> shared, float value) => GroupReduce.Sum(shared, Lanes, value);

    /// <summary>The largest over a row's lanes, NaN if one is; asked for as the sum.</summary>
    public float Max(ArrayView<float> shared, float value) => GroupReduce.Max(shared, Lanes, value);
}
