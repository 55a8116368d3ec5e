using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>
/// Short branches without effects become selections: both sides are computed, and one result taken. Divisions of integers
/// stay behind their branch, because by zero they stop an OpenCL device that is a CPU.
/// </summary>
internal static class IfConversion
{
    private const int MaxInstructions = 8;

    public static bool Run(Function function)
    {
        ControlFlow.Of(function);
        bool changed = false;
        foreach (BasicBlock block in function.Blocks)
            changed |= Convert(block);
        if (changed)
            ControlFlow.Of(function);
        return changed;
    }

    private static bool Convert(BasicBlock block)
    {
        if (block.Terminator != Terminator.Branch)
            return false;
        BasicBlock then = block.Then!, @else = block.Else!;
        bool thenSide = IsSide(then, block), elseSide = IsSide(@else, block);
        if (thenSide && elseSide && then.Then == @else.Then)
            return Merge(block, then, @else, then.Then!);
        if (thenSide && then.Then == @else)
            return Merge(block, then, null, @else);
        return elseSide && @else.Then == then && Merge(block, null, @else, then);
    }

    private static bool IsSide(BasicBlock side, BasicBlock block) =>
        side.Terminator == Terminator.Jump && side.Phis.Count == 0 && side.Predecessors.Count == 1 && side.Then != block && side.Then != side
        && side.Body.Count <= MaxInstructions && side.Body.All(IsCheap);

    private static bool IsCheap(Instruction instruction) => !instruction.TouchesMemory
        && instruction.Op is not (Op.SharedAlloc or Op.LocalAlloc)
        && (instruction.Type.IsFloat() || instruction.Op is not (Op.Div or Op.DivU or Op.Rem or Op.RemU));

    private static bool Merge(BasicBlock block, BasicBlock? then, BasicBlock? @else, BasicBlock join)
    {
        // One selection an instruction is what may be paid for; more phis than that keep the branch.
        if (join.Phis.Count > MaxInstructions || join == block)
            return false;
        foreach (BasicBlock side in new[] { then, @else }.OfType<BasicBlock>())
        {
            foreach (Instruction instruction in side.Body)
                block.Append(instruction);
            side.Body.Clear();
        }
        foreach (Instruction phi in join.Phis)
        {
            Value a = phi.Args[phi.Incoming.IndexOf(then ?? block)], b = phi.Args[phi.Incoming.IndexOf(@else ?? block)];
            Value selected = a;
            if (a != b)
            {
                Instruction select = new(Op.Select, phi.Type, block.Condition!, a, b);
                block.Append(select);
                selected = select;
            }
            phi.RemoveIncoming(then ?? block);
            phi.RemoveIncoming(@else ?? block);
            phi.AddIncoming(block, selected);
        }
        join.Predecessors.Remove(then ?? block);
        join.Predecessors.Remove(@else ?? block);
        join.Predecessors.Add(block);
        block.Jump(join);
        foreach (BasicBlock side in new[] { then, @else }.OfType<BasicBlock>())
        {
            side.Predecessors.Clear();
            side.Return();
        }
        return true;
    }
}
