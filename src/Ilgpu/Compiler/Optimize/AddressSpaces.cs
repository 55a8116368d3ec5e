using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>
/// Which memory each address points into: arguments into global, allocations into shared or local memory, and what is computed
/// from an address stays where it is. A place where two spaces meet is refused, for no device this is compiled for
/// has an instruction that could take either.
/// </summary>
internal sealed class AddressSpaces
{
    private readonly Function function;
    private readonly Dictionary<Value, AddressSpace> spaces = [];

    private AddressSpaces(Function function) => this.function = function;

    public static AddressSpaces Infer(Function function)
    {
        AddressSpaces inference = new(function);
        inference.Propagate();
        inference.Check();
        return inference;
    }

    public AddressSpace Of(Value address) => address switch
    {
        Parameter => AddressSpace.Global,
        Shared => AddressSpace.Shared,
        Local => AddressSpace.Local,
        _ => spaces.GetValueOrDefault(address),
    };

    private void Propagate()
    {
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (Instruction instruction in Addresses())
            {
                AddressSpace space = Join(instruction);
                if (space != AddressSpace.Unknown && spaces.TryAdd(instruction, space))
                    changed = true;
            }
        }
    }

    private IEnumerable<Instruction> Addresses() =>
        function.Blocks.SelectMany(b => b.Phis.Concat(b.Body)).Where(i => i.Type == IrType.Ptr && i.Op is Op.Address or Op.Phi or Op.Select);

    private static IEnumerable<Value> Sources(Instruction instruction) => instruction.Op switch
    {
        Op.Address => instruction.Args[..1],
        Op.Select => instruction.Args[1..],
        _ => instruction.Args,
    };

    private AddressSpace Join(Instruction instruction)
    {
        foreach (Value source in Sources(instruction))
        {
            if (Of(source) is not AddressSpace.Unknown and var space)
                return space;
        }
        return AddressSpace.Unknown;
    }

    private void Check()
    {
        foreach (Instruction instruction in Addresses())
        {
            foreach (Value source in Sources(instruction))
            {
                AddressSpace a = Of(source), b = Of(instruction);
                // A null view (default) has no space and fits any.
                if (a != b && source is not Constant)
                    Refuse($"a view or reference points into {Name(a)} memory on one path and into {Name(b)} memory on another");
            }
        }
        foreach (Instruction access in function.Blocks.SelectMany(b => b.Body))
        {
            bool accesses = access.Op is Op.Load or Op.Store or Op.Atomic or Op.AtomicCas;
            if (accesses && Of(access.Args[0]) == AddressSpace.Unknown)
                Refuse("which memory a view points into is not known at compile time (it was itself read from memory, or it is null)");
            if (access.Op == Op.Store && access.Args[1].Type == IrType.Ptr && Of(access.Args[0]) != AddressSpace.Local)
                Refuse("it stores a view or reference into a buffer");
        }
    }

    private static string Name(AddressSpace space) => space == AddressSpace.Unknown ? "unknown" : space.ToString().ToLowerInvariant();

    private void Refuse(string reason) =>
        throw new Bundled.KernelRefusedException($"Kernel '{function.Name}' cannot run on a device: {reason}.");
}
