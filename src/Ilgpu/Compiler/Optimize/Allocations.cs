using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>Shared and local arrays whose size has turned out to be constant become blocks of memory.</summary>
internal static class Allocations
{
    // Enough for any vector type a view of the block may be cast to.
    private const int Alignment = 16;

    public static bool Resolve(Function function)
    {
        Dictionary<Value, Value> blocks = [];
        foreach (Instruction allocation in All(function).ToList())
        {
            if (allocation.Args[0] is not Constant { Bits: > 0 and < int.MaxValue / 16 } extent)
                continue;
            int size = checked((int)extent.Bits * allocation.Scale);
            blocks[allocation] = allocation.Op == Op.SharedAlloc ? function.NewShared(size, Alignment) : function.NewLocal(size, Alignment);
            allocation.Block!.Body.Remove(allocation);
        }
        if (blocks.Count == 0)
            return false;
        foreach (Instruction user in function.Blocks.SelectMany(b => b.Phis.Concat(b.Body)))
        {
            for (int i = 0; i < user.Args.Length; i++)
                user.Args[i] = blocks.GetValueOrDefault(user.Args[i], user.Args[i]);
        }
        return true;
    }

    /// <summary>Those that are left have no constant size.</summary>
    public static void Check(Function function)
    {
        foreach (Instruction allocation in All(function))
        {
            Func<string, string> message = (Func<string, string>)allocation.Aux!;
            throw new Bundled.KernelRefusedException(message("its size must be a positive compile-time constant"));
        }
    }

    private static IEnumerable<Instruction> All(Function function) =>
        function.Blocks.SelectMany(b => b.Body).Where(i => i.Op is Op.SharedAlloc or Op.LocalAlloc);
}
