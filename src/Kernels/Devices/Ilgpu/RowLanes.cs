using ILGPU;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>
/// Rows that thread groups reduce: a whole group takes one long row, or several teams of lanes take
/// a short row each. Results are combined in a tree, in the same order every time.
/// </summary>
internal readonly record struct RowLanes(int Rows, int Size, int Lanes)
{
    /// <summary>Group size, a power of two.</summary>
    public const int Threads = GroupReduce.Threads;

    /// <summary>The calling thread's row; may be beyond the last.</summary>
    public int Row => RowTeams.Row(Lanes);

    /// <summary>The calling thread's index within its row's team.</summary>
    public int Lane => Group.IdxX % Lanes;

    /// <summary>Offset of the calling thread's row.</summary>
    public int Begin => Row < Rows ? Row * Size : 0;

    /// <summary>Offset of its end; the row is empty if it is beyond the last.</summary>
    public int End => Row < Rows ? (Row * Size) + Size : 0;

    public static RowLanes Of(int rows, int size) => new(rows, size, RowTeams.Size(size));

    /// <summary>For the host: a launch over all rows.</summary>
    public static KernelConfig Config(RowLanes r) => RowTeams.Launch(r.Rows, r.Lanes);

    /// <summary>The sum over a row's lanes, returned to each; every thread of the group must call it. <paramref name="shared"/> holds one float per thread.</summary>
    public float Sum(ArrayView<float> shared, float value) => GroupReduce.Sum(shared, Lanes, value);

    /// <summary>The maximum over a row's lanes, NaN if a value is NaN; called like the sum.</summary>
    public float Max(ArrayView<float> shared, float value) => GroupReduce.Max(shared, Lanes, value);
}
