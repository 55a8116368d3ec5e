using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>From what the front end built to what the emitters take.</summary>
internal static class Pipeline
{
    public static AddressSpaces Run(Function function)
    {
        Settle(function);
        while (Unroller.Run(function))
            Settle(function);
        InvariantMotion.Run(function);
        Simplifier.Run(function);
        Cleanup.Run(function);
        CheckRefusals(function);
        Allocations.Check(function);
        return AddressSpaces.Infer(function);
    }

    /// <summary>Until nothing changes any more; references to references take a round each.</summary>
    private static void Settle(Function function)
    {
        for (bool changed = true; changed;)
        {
            changed = Promotion.Run(function);
            changed |= Simplifier.Run(function);
            Cleanup.Run(function);
            changed |= IfConversion.Run(function);
            changed |= Allocations.Resolve(function);
        }
    }

    /// <summary>What a device cannot do and is still reachable.</summary>
    private static void CheckRefusals(Function function)
    {
        foreach (BasicBlock block in function.Blocks)
        {
            if (block.Terminator == Terminator.Refuse)
                throw new Bundled.KernelRefusedException(block.Reason!);
        }
    }
}
