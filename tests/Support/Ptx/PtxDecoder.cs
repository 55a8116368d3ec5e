using System.Globalization;
using System.Numerics;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>
/// Statements to steps: resolves names, checks every instruction's modifiers, operand types, widths and counts as ptxas does,
/// and refuses what it does not know.
/// </summary>
internal sealed partial class PtxDecoder
{
    private readonly PtxSource source;
    private readonly PtxEntry entry;
    private readonly Stack<Dictionary<string, (int Slot, PtxType Type)>> scopes = new();
    private readonly List<string> slotNames = [];
    private readonly Dictionary<ulong, int> constants = [];
    private readonly Dictionary<string, int> specials = [];
    private readonly Dictionary<string, PtxVariable> variables = [];
    private readonly Dictionary<string, (int Offset, int Bytes, int Alignment)> parameters = [];
    private readonly Dictionary<string, int> labels = [];
    private readonly List<(PtxStep Step, string Label)> branches = [];
    private readonly List<PtxStep> steps = [];
    private InstructionStatement at = null!;
    private ModifierList modifiers = null!;
    private int accesses;

    private PtxDecoder(PtxSource source, PtxEntry entry)
    {
        this.source = source;
        this.entry = entry;
    }

    /// <summary>All kernels of a module, by name.</summary>
    public static Dictionary<string, PtxProgram> Decode(string text)
    {
        PtxSource source = PtxParser.Parse(text);
        Dictionary<string, PtxProgram> programs = [];
        foreach (PtxEntry entry in source.Entries)
        {
            if (!programs.TryAdd(entry.Name, new PtxDecoder(source, entry).DecodeEntry()))
                throw new PtxSyntaxException(entry.Line, $"'{entry.Name}' is defined twice.");
        }
        return programs;
    }

    private PtxProgram DecodeEntry()
    {
        int parameterBytes = LayOutParameters();
        long shared = PtxSharedMemory.Base, local = 0;
        foreach (VariableStatement variable in source.Variables)
            Declare(variable, ref shared, ref local);
        scopes.Push([]);
        foreach (PtxStatement statement in entry.Body)
        {
            if (statement is VariableStatement variable)
                Declare(variable, ref shared, ref local);
            else
                DecodeStatement(statement);
        }
        steps.Add(new PtxStep { Line = entry.Line, Kind = StepKind.Exit });
        foreach ((PtxStep step, string label) in branches)
            step.Target = labels.TryGetValue(label, out int target) ? target : throw new PtxSyntaxException(step.Line, $"there is no label '{label}'.");
        return new PtxProgram
        {
            Name = entry.Name,
            Parameters = entry.Parameters,
            ParameterBytes = parameterBytes,
            MaxThreads = entry.MaxThreads,
            Steps = [.. steps],
            ParameterOffsets = [.. entry.Parameters.Select(p => parameters[p.Name].Offset)],
            Slots = slotNames.Count,
            SlotNames = [.. slotNames],
            Constants = [.. constants.Select(c => (c.Value, c.Key))],
            Specials = [.. specials.Select(s => (s.Value, s.Key))],
            Shared = [.. variables.Values.Where(v => v.Space == ".shared")],
            Locals = [.. variables.Values.Where(v => v.Space == ".local")],
            SharedBytes = shared,
            LocalBytes = local,
            Lines = source.Lines,
            Accesses = accesses,
        };
    }

    private int LayOutParameters()
    {
        int offset = 0;
        foreach (PtxParameter parameter in entry.Parameters)
        {
            offset = (offset + parameter.Alignment - 1) / parameter.Alignment * parameter.Alignment;
            if (!parameters.TryAdd(parameter.Name, (offset, parameter.Bytes, parameter.Alignment)))
                throw new PtxSyntaxException(parameter.Line, $"parameter '{parameter.Name}' is declared twice.");
            offset += parameter.Bytes;
        }
        return offset;
    }

    private void Declare(VariableStatement variable, ref long shared, ref long local)
    {
        if (!BitOperations.IsPow2(variable.Alignment))
            throw new PtxSyntaxException(variable.Line, $"alignment {variable.Alignment} is no power of two.");
        ref long next = ref variable.Space == ".shared" ? ref shared : ref local;
        next = (next + variable.Alignment - 1) / variable.Alignment * variable.Alignment;
        int bytes = variable.ElementSize * variable.Length;
        if (!variables.TryAdd(variable.Name, new PtxVariable(variable.Name, variable.Space, next, bytes)))
            throw new PtxSyntaxException(variable.Line, $"variable '{variable.Name}' is declared twice.");
        next += bytes + (variable.Space == ".shared" && bytes > 0 ? PtxSharedMemory.Gap : 0);
    }

    private void DecodeStatement(PtxStatement statement)
    {
        switch (statement)
        {
            case ScopeStatement { Opens: true }:
                scopes.Push([]);
                break;
            case ScopeStatement:
                scopes.Pop();
                break;
            case RegisterStatement registers:
                DeclareRegisters(registers);
                break;
            case LabelStatement label:
                if (!labels.TryAdd(label.Name, steps.Count))
                    throw new PtxSyntaxException(label.Line, $"label '{label.Name}' is defined twice.");
                break;
            case InstructionStatement instruction:
                at = instruction;
                modifiers = new ModifierList(instruction);
                DecodeInstruction(instruction.Mnemonic[0]);
                break;
        }
    }

    private void DeclareRegisters(RegisterStatement registers)
    {
        IEnumerable<string> names = registers.Count < 0
            ? [registers.Name]
            : Enumerable.Range(0, registers.Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{registers.Name}{i}"));
        foreach (string name in names)
        {
            if (!scopes.Peek().TryAdd(name, (slotNames.Count, registers.Type)))
                throw new PtxSyntaxException(registers.Line, $"register '{name}' is declared twice.");
            slotNames.Add(name);
        }
    }

    private void DecodeInstruction(string name)
    {
        bool known = DecodeArithmetic(name) || DecodeConversion(name) || DecodeMemory(name) || DecodeControl(name) || DecodeMatrix(name);
        if (!known)
            throw Error($"instruction '{string.Join('.', at.Mnemonic)}' is not known.");
        modifiers.Finish();
    }

    // ---- Errors and requirements ------------------------------------------------------------------------------------

    private PtxSyntaxException Error(string message) => new(at.Line, message);

    private void Require(int target, double version, string feature)
    {
        if (source.Target < target)
            throw Error($"{feature} needs .target sm_{target}; the module has sm_{source.Target}.");
        if (source.Version < version)
            throw Error(string.Create(CultureInfo.InvariantCulture, $"{feature} needs .version {version:0.0}; the module has {source.Version:0.0}."));
    }

    private void Count(int operands)
    {
        if (at.Operands.Length != operands)
            throw Error($"{operands} operands expected, found {at.Operands.Length}.");
    }

    // ---- Steps ------------------------------------------------------------------------------------------------------

    private void Add(Action<PtxWarp, uint> run, int[] reads, int[] writes) => Add(StepKind.Plain, run, reads, writes);

    private void Add(StepKind kind, Action<PtxWarp, uint>? run, int[] reads, int[] writes, int memberMask = -1, bool ordersMemory = false)
    {
        int guard = at.Guard == null ? -1 : Source(new RegisterOperand(at.Guard), PtxType.Pred);
        steps.Add(new PtxStep
        {
            Line = at.Line,
            Guard = guard,
            Negated = at.Negated,
            Kind = kind,
            Run = run,
            Reads = reads,
            Writes = writes,
            MemberMask = memberMask,
            OrdersMemory = ordersMemory,
        });
    }

    private void Unary(int d, int a, Func<ulong, ulong> f) => Add((w, mask) =>
    {
        ulong[] r = w.Registers;
        for (uint rest = mask; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            r[d * 32 + lane] = f(r[a * 32 + lane]);
        }
    }, [a], [d]);

    private void Binary(int d, int a, int b, Func<ulong, ulong, ulong> f) => Add((w, mask) =>
    {
        ulong[] r = w.Registers;
        for (uint rest = mask; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            try
            {
                r[d * 32 + lane] = f(r[a * 32 + lane], r[b * 32 + lane]);
            }
            catch (DivideByZeroException)
            {
                throw new PtxLaneException(lane, "an integer is divided by zero.");
            }
        }
    }, [a, b], [d]);

    private void Ternary(int d, int a, int b, int c, Func<ulong, ulong, ulong, ulong> f) => Add((w, mask) =>
    {
        ulong[] r = w.Registers;
        for (uint rest = mask; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            r[d * 32 + lane] = f(r[a * 32 + lane], r[b * 32 + lane], r[c * 32 + lane]);
        }
    }, [a, b, c], [d]);

    /// <summary>The parts of a mnemonic after its name, taken in the order PTX prescribes.</summary>
    private sealed class ModifierList(InstructionStatement statement)
    {
        private int next = 1;

        public string? Peek => next < statement.Mnemonic.Length ? statement.Mnemonic[next] : null;

        /// <summary>The next part if it is one of these.</summary>
        public string? Take(params string[] options)
        {
            if (Peek is { } part && options.Contains(part))
            {
                next++;
                return part;
            }
            return null;
        }

        public string Demand(params string[] options) =>
            Take(options) ?? throw new PtxSyntaxException(statement.Line, $"one of .{string.Join(", .", options)} expected in '{string.Join('.', statement.Mnemonic)}'.");

        public PtxType Type(params PtxType[] allowed)
        {
            if (Peek is not { } part || PtxTypes.Parse(part) is not { } type || !allowed.Contains(type))
                throw new PtxSyntaxException(statement.Line, $"'{string.Join('.', statement.Mnemonic)}': type {(Peek == null ? "missing" : "." + Peek + " not possible here")}.");
            next++;
            return type;
        }

        public void Finish()
        {
            if (Peek is { } part)
                throw new PtxSyntaxException(statement.Line, $"'.{part}' is not possible in '{string.Join('.', statement.Mnemonic)}'.");
        }
    }
}
