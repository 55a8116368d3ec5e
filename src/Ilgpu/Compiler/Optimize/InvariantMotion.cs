using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>What a loop computes anew each time from things that do not change moves before it.</summary>
internal static class InvariantMotion
{
    public static void Run(Function function)
    {
        Loop.Normalize(function);
        ControlFlow flow = ControlFlow.Of(function);
        foreach (Loop loop in Loop.Find(function, flow))
        {
            List<BasicBlock> outside = [.. loop.Header.Predecessors.Where(p => !loop.Blocks.Contains(p))];
            // A branch into the loop would make the moved work unconditional.
            if (outside is not [{ Terminator: Terminator.Jump } before])
                continue;
            foreach (BasicBlock block in flow.Order.Where(loop.Blocks.Contains))
                Hoist(block, before, loop);
        }
    }

    private static void Hoist(BasicBlock block, BasicBlock before, Loop loop)
    {
        List<Instruction> stay = [];
        foreach (Instruction instruction in block.Body)
        {
            if (IsMovable(instruction) && instruction.Args.All(a => a is not Instruction source || !loop.Blocks.Contains(source.Block!)))
                before.Append(instruction);
            else
                stay.Add(instruction);
        }
        block.Body = stay;
    }

    /// <summary>Integer division may not happen where the program does not ask for it: an OpenCL device that is a CPU traps.</summary>
    private static bool IsMovable(Instruction instruction) => !instruction.TouchesMemory && instruction.Type != IrType.Tuple
        && instruction.Op is not (Op.SharedAlloc or Op.LocalAlloc or Op.Extract)
        && (instruction.Type.IsFloat() || instruction.Op is not (Op.Div or Op.DivU or Op.Rem or Op.RemU));
}
