using System.Runtime.CompilerServices;
using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>
/// One walk over the function in dominance order: arguments are replaced by what they turned out to be, instructions folded
/// and rewritten, and of equal pure instructions the dominating one is kept.
/// </summary>
internal sealed class Simplifier
{
    private readonly ControlFlow flow;
    private readonly Dictionary<Value, Value> forward = [];
    private readonly Dictionary<(IrType, long), Constant> constants = [];
    private readonly Dictionary<Instruction, List<Instruction>> known = new(new Equality());
    private List<Instruction> body = [];
    private BasicBlock block;
    private bool changed;

    private Simplifier(Function function)
    {
        flow = ControlFlow.Of(function);
        block = function.Entry;
    }

    /// <summary>True if anything changed.</summary>
    public static bool Run(Function function)
    {
        Simplifier simplifier = new(function);
        HashSet<BasicBlock> live = [function.Entry];
        foreach (BasicBlock block in simplifier.flow.Order)
        {
            // A branch folded in this very walk may have cut the block off; in a loop that is cut off values can be their own sources.
            if (!live.Contains(block))
                continue;
            simplifier.Visit(block);
            live.UnionWith(block.Successors);
        }
        simplifier.Finish();
        return simplifier.changed;
    }

    private void Visit(BasicBlock visited)
    {
        block = visited;
        body = [];
        List<Instruction> phis = [];
        foreach (Instruction phi in block.Phis)
        {
            ResolveArguments(phi);
            if (Peephole.Fold(phi) is { } single)
                Replace(phi, single);
            else
                phis.Add(phi);
        }
        foreach (Instruction instruction in block.Body)
        {
            ResolveArguments(instruction);
            Value value = Simplify(instruction);
            if (value != instruction)
                Replace(instruction, value);
        }
        block.TakePhis(phis);
        block.Body = body;
        if (block.Condition != null)
            SimplifyBranch();
    }

    private void Replace(Instruction instruction, Value value)
    {
        if (value == instruction)
            return;
        forward[instruction] = value;
        changed = true;
    }

    /// <summary>The value that stands for the instruction: an older one, or itself or its better form, appended here.</summary>
    private Value Simplify(Instruction instruction)
    {
        for (; ; )
        {
            if (Peephole.Fold(instruction) is { } folded)
                return Resolve(folded);
            Instruction? better = Rewriter.Rewrite(instruction, Simplify);
            if (better == null)
                break;
            changed = true;
            ResolveArguments(better);
            instruction = better;
        }
        if (IsPure(instruction))
        {
            if (known.TryGetValue(instruction, out List<Instruction>? equals))
            {
                foreach (Instruction candidate in equals)
                {
                    if (candidate != instruction && flow.Dominates(candidate.Block!, block))
                        return candidate;
                }
                equals.Add(instruction);
            }
            else
            {
                known.Add(instruction, [instruction]);
            }
        }
        instruction.Block = block;
        body.Add(instruction);
        return instruction;
    }

    private static bool IsPure(Instruction instruction) =>
        !instruction.TouchesMemory && instruction.Op is not (Op.SharedAlloc or Op.LocalAlloc or Op.Phi);

    private void SimplifyBranch()
    {
        block.Condition = Resolve(block.Condition!);
        if (block.Condition is Instruction { Op: Op.Not } not)
        {
            block.Branch(not.Args[0], block.Else!, block.Then!);
            changed = true;
        }
        if (block.Condition is not Constant constant)
            return;
        BasicBlock taken = constant.Bits != 0 ? block.Then! : block.Else!, dropped = constant.Bits != 0 ? block.Else! : block.Then!;
        block.Jump(taken);
        foreach (Instruction phi in dropped.Phis)
            phi.RemoveIncoming(block);
        changed = true;
    }

    private void ResolveArguments(Instruction instruction)
    {
        for (int i = 0; i < instruction.Args.Length; i++)
            instruction.Args[i] = Resolve(instruction.Args[i]);
    }

    private Value Resolve(Value value)
    {
        while (forward.TryGetValue(value, out Value? next))
            value = next;
        if (value is not Constant constant)
            return value;
        if (!constants.TryGetValue((constant.Type, constant.Bits), out Constant? shared))
            constants.Add((constant.Type, constant.Bits), shared = constant);
        return shared;
    }

    /// <summary>Phis took arguments from blocks that were visited after them.</summary>
    private void Finish()
    {
        foreach (BasicBlock visited in flow.Order)
        {
            foreach (Instruction phi in visited.Phis)
                ResolveArguments(phi);
        }
    }

    private sealed class Equality : IEqualityComparer<Instruction>
    {
        public bool Equals(Instruction? x, Instruction? y)
        {
            if (ReferenceEquals(x, y))
                return true;
            if (x!.Op != y!.Op || x.Type != y.Type || x.Predicate != y.Predicate || x.Offset != y.Offset || x.Scale != y.Scale || x.Args.Length != y.Args.Length)
                return false;
            for (int i = 0; i < x.Args.Length; i++)
            {
                if (!ReferenceEquals(x.Args[i], y.Args[i]))
                    return false;
            }
            return true;
        }

        public int GetHashCode(Instruction i)
        {
            HashCode hash = new();
            hash.Add(i.Op);
            hash.Add(i.Offset);
            foreach (Value argument in i.Args)
                hash.Add(RuntimeHelpers.GetHashCode(argument));
            return hash.ToHashCode();
        }
    }
}
