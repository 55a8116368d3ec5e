using System.Globalization;
using System.Text;

namespace ILGPU.Compiler.Ir;

/// <summary>A kernel with everything it calls inlined.</summary>
internal sealed class Function(string name)
{
    private readonly Dictionary<(int, int, MemType), Parameter> parameters = [];
    private readonly Dictionary<SpecialRegister, Special> specials = [];
    private int nextBlock, nextMemory;

    public string Name { get; } = name;
    public List<BasicBlock> Blocks { get; } = [];
    public List<Local> Locals { get; } = [];
    public List<Shared> SharedBlocks { get; } = [];
    /// <summary>Whether values of static readonly fields are compiled in; the host computes them anew in every process.</summary>
    public bool ReadsStatics { get; set; }
    public BasicBlock Entry => Blocks[0];

    public BasicBlock NewBlock()
    {
        BasicBlock block = new(nextBlock++);
        Blocks.Add(block);
        return block;
    }

    public Local NewLocal(int size, int alignment)
    {
        Local local = new(nextMemory++, size, alignment);
        Locals.Add(local);
        return local;
    }

    public Shared NewShared(int size, int alignment)
    {
        Shared shared = new(nextMemory++, size, alignment);
        SharedBlocks.Add(shared);
        return shared;
    }

    public Parameter Parameter(int index, int offset, MemType mem)
    {
        if (!parameters.TryGetValue((index, offset, mem), out Parameter? parameter))
            parameters.Add((index, offset, mem), parameter = new Parameter(index, offset, mem));
        return parameter;
    }

    public Special Special(SpecialRegister register)
    {
        if (!specials.TryGetValue(register, out Special? special))
            specials.Add(register, special = new Special(register));
        return special;
    }

    public int InstructionCount => Blocks.Sum(b => b.Phis.Count + b.Body.Count + 1);

    /// <summary>For people: blocks, instructions, terminators.</summary>
    public override string ToString()
    {
        int number = 0;
        foreach (Instruction instruction in Blocks.SelectMany(b => b.Phis.Concat(b.Body)))
            instruction.Number = number++;
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"kernel {Name}");
        foreach (BasicBlock block in Blocks)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{block}:");
            foreach (Instruction instruction in block.Phis.Concat(block.Body))
                text.AppendLine(CultureInfo.InvariantCulture, $"    {instruction.Describe()}");
            text.AppendLine(CultureInfo.InvariantCulture, $"    {block.Terminator} {block.Condition} {block.Then} {block.Else} {block.Reason}");
        }
        return text.ToString();
    }
}
