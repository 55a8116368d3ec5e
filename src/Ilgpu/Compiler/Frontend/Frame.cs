using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Frontend;

/// <summary>A method that is being inlined: its variables, its blocks, and where to go when it returns.</summary>
internal sealed class Frame(IlMethod method, Frame? caller, int callOffset)
{
    public IlMethod Method { get; } = method;
    public Frame? Caller { get; } = caller;
    /// <summary>Where in the caller the call stands.</summary>
    public int CallOffset { get; } = callOffset;

    /// <summary>By argument: a value where the method never writes it, else a reference to its local.</summary>
    public StackValue[] Arguments { get; set; } = [];
    public StackValue[] Locals { get; set; } = [];
    public Dictionary<int, BasicBlock> Blocks { get; } = [];
    /// <summary>What lies on the evaluation stack where a block begins, kept in locals.</summary>
    public Dictionary<int, List<StackValue>> EntryStacks { get; } = [];
    public BasicBlock? Continuation { get; set; }
    public StackValue? Result { get; set; }
    public bool HasReturned { get; set; }

    public int Depth => Caller == null ? 0 : Caller.Depth + 1;

    public bool IsInlining(IlMethod other)
    {
        for (Frame? frame = this; frame != null; frame = frame.Caller)
        {
            if (frame.Method == other)
                return true;
        }
        return false;
    }
}
