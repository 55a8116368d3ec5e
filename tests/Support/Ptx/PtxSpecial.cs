namespace GpuGrad.Tests.Support.Ptx;

/// <summary>The special registers that are known, all of 32 bits.</summary>
internal static class PtxSpecial
{
    private static readonly string[] Names =
    [
        "%tid.x", "%tid.y", "%tid.z", "%ntid.x", "%ntid.y", "%ntid.z", "%ctaid.x", "%ctaid.y", "%ctaid.z",
        "%nctaid.x", "%nctaid.y", "%nctaid.z", "%laneid", "%dynamic_smem_size", "%warpid", "%nwarpid",
    ];

    public static bool IsName(string name) => Names.Contains(name);

    public static uint Read(string name, PtxWarp warp, int lane)
    {
        int linear = warp.FirstThread + lane;
        (int x, int y, int z) size = warp.Group.Size, group = warp.Group.Index, grid = warp.Group.Launch.Grid;
        return (uint)(name switch
        {
            "%tid.x" => linear % size.x,
            "%tid.y" => linear / size.x % size.y,
            "%tid.z" => linear / size.x / size.y,
            "%ntid.x" => size.x,
            "%ntid.y" => size.y,
            "%ntid.z" => size.z,
            "%ctaid.x" => group.x,
            "%ctaid.y" => group.y,
            "%ctaid.z" => group.z,
            "%nctaid.x" => grid.x,
            "%nctaid.y" => grid.y,
            "%nctaid.z" => grid.z,
            "%laneid" => lane,
            "%dynamic_smem_size" => warp.Group.Launch.DynamicShared,
            "%warpid" => warp.FirstThread / 32,
            _ => (size.x * size.y * size.z + 31) / 32,
        });
    }
}
