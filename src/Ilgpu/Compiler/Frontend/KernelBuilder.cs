using System.Globalization;
using System.Reflection;
using System.Reflection.Metadata;
using ILGPU.Compiler.Ir;
using ILGPU.Compiler.Optimize;
using Constant = ILGPU.Compiler.Ir.Constant;

namespace ILGPU.Compiler.Frontend;

/// <summary>
/// Turns a kernel method's IL into IR, inlining everything it calls. Variables become locals in memory and are promoted to
/// registers later; what the IL stack holds across blocks goes through such locals too. What a device cannot do ends its
/// block with a refusal, which is an error only if it survives the removal of unreachable code: so code behind
/// a condition that is constant for this device (CudaAsm.IsSupported, typeof(T) == ...) may do anything.
/// </summary>
internal sealed partial class KernelBuilder
{
    private const int MaxDepth = 100;
    private const int MaxInstructions = 400_000;

    private readonly Function function;
    private readonly MethodInfo kernel;
    private readonly List<StackValue> stack = [];
    private BasicBlock current;
    private Frame frame;
    private IlInstruction at;
    private int instructionCount;
    private Shared? dynamicShared;

    private KernelBuilder(MethodInfo kernel, CompileTarget target)
    {
        this.kernel = kernel;
        Target = target;
        function = new Function(IlMethod.NameOf(kernel));
        current = function.NewBlock();
        frame = null!;
    }

    public CompileTarget Target { get; }

    /// <summary>
    /// Builds the kernel. Constant arguments stand for parameters whose value is compiled in (specialized values).
    /// </summary>
    public static Function Build(MethodInfo kernel, KernelForm form, CompileTarget target, IReadOnlyDictionary<int, object>? constants = null)
    {
        KernelBuilder builder = new(kernel, target);
        builder.BuildKernel(form, constants ?? new Dictionary<int, object>());
        return builder.function;
    }

    private void BuildKernel(KernelForm form, IReadOnlyDictionary<int, object> constants)
    {
        if (kernel.ReturnType != typeof(void))
            throw new Bundled.KernelRefusedException($"Kernel '{function.Name}' returns a value; a kernel returns nothing.");
        BasicBlock end = function.NewBlock();
        end.Return();
        List<StackValue> arguments = [];
        // A lambda's closure object: no kernel can use it, but one that captures nothing has one all the same.
        if (!kernel.IsStatic)
            arguments.Add(StackValue.Constant(null));
        ParameterInfo[] parameters = kernel.GetParameters();
        for (int i = 0; i < parameters.Length; i++)
            arguments.Add(BindParameter(parameters[i], i, constants));
        if (form == KernelForm.Implicit)
        {
            int index = kernel.IsStatic ? 0 : 1;
            arguments[index] = ImplicitIndex.Build(this, arguments[index], end);
        }
        try
        {
            Inline(IlMethod.Of(kernel), [.. arguments], out _);
        }
        catch (UnsupportedException e)
        {
            throw new Bundled.KernelRefusedException($"Kernel '{function.Name}' cannot run on a device: {e.Message}.");
        }
        current.Jump(end);
    }

    private StackValue BindParameter(ParameterInfo parameter, int index, IReadOnlyDictionary<int, object> constants)
    {
        try
        {
            if (constants.TryGetValue(index, out object? constant))
                return ConstantOf(parameter.ParameterType, constant);
            DeviceLayout layout = DeviceLayout.Of(parameter.ParameterType);
            return StackValue.Of(parameter.ParameterType, [.. layout.Leaves.Select(l => function.Parameter(index, l.Offset, l.Mem))]);
        }
        catch (UnsupportedException e)
        {
            throw new Bundled.KernelRefusedException($"Kernel '{function.Name}': its parameter '{parameter.Name}' cannot be passed: {e.Message}.");
        }
    }

    /// <summary>Inlines a method at the current place; the result is empty for void.</summary>
    private void Inline(IlMethod method, StackValue[] arguments, out StackValue? result)
    {
        if (frame?.IsInlining(method) == true)
            throw new UnsupportedException($"{IlMethod.NameOf(method.Method)} calls itself; a device has no stack for recursion");
        if (frame?.Depth > MaxDepth)
            throw new UnsupportedException($"calls nest deeper than {MaxDepth}");
        if (!method.HasBody)
            throw new UnsupportedException($"{IlMethod.NameOf(method.Method)} has no body that could be compiled");
        if (method.HasHandlers)
            throw new UnsupportedException($"{IlMethod.NameOf(method.Method)} has try/catch/finally (using, foreach and lock do too)");

        Frame? caller = frame;
        List<StackValue> outer = [.. stack];
        stack.Clear();
        frame = new Frame(method, caller, at.Offset) { Continuation = function.NewBlock() };
        frame.Arguments = [.. arguments.Select((a, i) => method.WrittenArguments.Contains(i) ? Spill(a) : a)];
        frame.Locals = [.. method.LocalTypes.Select(NewVariable)];
        IlInstruction callSite = at;
        TranslateBody();
        at = callSite;
        result = frame.Result;
        if (!frame.HasReturned && ReturnType(method.Method) != typeof(void))
            result = Zero(ReturnType(method.Method));
        else if (result is { IsReference: true } slot && method.Returns > 1)
            result = Load(slot);
        frame = caller!;
        stack.Clear();
        stack.AddRange(outer);
    }

    private static Type ReturnType(MethodBase method) => method is MethodInfo info ? info.ReturnType : typeof(void);

    private void TranslateBody()
    {
        IlMethod method = frame.Method;
        foreach (int leader in method.Leaders)
            frame.Blocks[leader] = function.NewBlock();
        current.Jump(frame.Blocks[0]);
        bool alive = false;
        foreach (IlInstruction instruction in method.Instructions)
        {
            if (method.Leaders.Contains(instruction.Offset))
            {
                if (alive)
                    EndWithJump(instruction.Offset);
                current = frame.Blocks[instruction.Offset];
                RestoreStack(instruction.Offset);
                alive = true;
            }
            if (!alive)
                continue;
            at = instruction;
            try
            {
                Translate(instruction);
                alive = current.Terminator == Terminator.None;
                if (instructionCount > MaxInstructions)
                    throw new UnsupportedException($"the kernel grows beyond {MaxInstructions} instructions when all its calls are inlined");
            }
            catch (UnsupportedException e)
            {
                current.Refuse(Refusal(e.Message));
                alive = false;
            }
        }
        current = frame.Continuation!;
    }

    private string Refusal(string reason)
    {
        string place = string.Create(CultureInfo.InvariantCulture, $"{IlMethod.NameOf(frame.Method.Method)} at IL_{at.Offset:x4} ({Describe(at)})");
        string calls = "";
        for (Frame f = frame; f.Caller != null; f = f.Caller)
            calls += string.Create(CultureInfo.InvariantCulture, $", called from {IlMethod.NameOf(f.Caller.Method.Method)} at IL_{f.CallOffset:x4}");
        return $"Kernel '{function.Name}' cannot run on a device: {reason}. In {place}{calls}.";
    }

    private string Describe(IlInstruction instruction)
    {
        string name = instruction.Code.ToString().ToLowerInvariant().Replace('_', '.');
        try
        {
            return instruction.Code switch
            {
                ILOpCode.Call or ILOpCode.Callvirt or ILOpCode.Newobj => $"{name} {IlMethod.NameOf(frame.Method.ResolveMethod(instruction.Token))}",
                ILOpCode.Ldsfld or ILOpCode.Stsfld or ILOpCode.Ldfld or ILOpCode.Stfld => $"{name} {frame.Method.ResolveField(instruction.Token).Name}",
                ILOpCode.Box or ILOpCode.Newarr => $"{name} {IlMethod.TypeName(frame.Method.ResolveType(instruction.Token))}",
                _ => name,
            };
        }
        catch (ArgumentException)
        {
            return name;
        }
    }

    // ---- Emission -------------------------------------------------------------------------------------------------

    public Value Emit(Instruction instruction)
    {
        if (Peephole.Fold(instruction) is { } folded)
            return folded;
        instructionCount++;
        current.Append(instruction);
        return instruction;
    }

    public Value Emit(Op op, IrType type, params Value[] args) => Emit(new Instruction(op, type, args));

    public Value Compare(Predicate predicate, Value a, Value b) => Emit(new Instruction(Op.Compare, IrType.Bool, a, b) { Predicate = predicate });

    public Value Special(SpecialRegister register) => register switch
    {
        SpecialRegister.LaneIdx when Target.WarpSize == 1 => Constant.Int(0),
        _ => function.Special(register),
    };

    public Value DynamicShared() => dynamicShared ??= function.NewShared(0, 16);

    /// <summary>A method with an intrinsic's name whose C# body is right for this device after all.</summary>
    public StackValue? InlineOwn(MethodBase method, StackValue[] arguments)
    {
        Inline(IlMethod.Of(method), arguments, out StackValue? result);
        return result;
    }

    /// <summary>For a refusal that only a later stage can find out about: where in the source the instruction stands.</summary>
    public Func<string, string> Where(string what)
    {
        string text = Refusal("{0}");
        return reason => text.Replace("{0}", $"{what}: {reason}", StringComparison.Ordinal);
    }

    /// <summary>Goes on in a new block if the condition holds; else leaves by <paramref name="otherwise"/>.</summary>
    public void ContinueIf(Value condition, BasicBlock otherwise)
    {
        BasicBlock next = function.NewBlock();
        current.Branch(condition, next, otherwise);
        current = next;
    }

    private StackValue Pop()
    {
        if (stack.Count == 0)
            throw new UnsupportedException("the IL stack is empty here");
        StackValue value = stack[^1];
        stack.RemoveAt(stack.Count - 1);
        return value;
    }

    private void Push(StackValue value) => stack.Add(value);
    private void Push(Value value) => stack.Add(StackValue.Of(value));
}
