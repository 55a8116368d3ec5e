using System.Globalization;
using System.Text;
using ILGPU.Compiler.Emit;
using ILGPU.Compiler.Frontend;
using ILGPU.Compiler.Ir;
using ILGPU.Compiler.Optimize;
using ILGPU.Runtime;
using ILGPU.Runtime.Caching;

namespace ILGPU.Compiler.Ptx;

/// <summary>
/// PTX text. Every value has a virtual register of its own; ptxas allocates the real ones and schedules. Arithmetic
/// carries .rn, which forbids ptxas to contract a * b + c: what is fused is fused in C#, on every device.
/// </summary>
internal sealed partial class PtxEmitter
{
    private readonly Function function;
    private readonly AddressSpaces spaces;
    private readonly CompileTarget target;
    private readonly KernelSpecialization specialization;
    private readonly int[] parameterSizes;
    private readonly StringBuilder code = new();
    private readonly Dictionary<Value, string> names = [];
    private readonly Dictionary<BasicBlock, int> labels = [];
    private readonly Dictionary<Instruction, string[]> tuples = [];
    private readonly int[] counters = new int[6];
    private readonly string entry;

    private PtxEmitter(Function function, AddressSpaces spaces, CompileTarget target, KernelSpecialization specialization, int[] parameterSizes)
    {
        this.function = function;
        this.spaces = spaces;
        this.target = target;
        this.specialization = specialization;
        this.parameterSizes = parameterSizes;
        entry = KernelCode.Identifier(function.Name);
    }

    public static KernelCode Emit(Function function, AddressSpaces spaces, CompileTarget target, KernelSpecialization specialization, int[] parameterSizes)
    {
        PtxEmitter emitter = new(function, spaces, target, specialization, parameterSizes);
        emitter.EmitBody();
        string text = emitter.Module();
        KernelFacts facts = new(function.Name, emitter.entry, CacheEntry.Hash(text))
        {
            SharedBytes = function.SharedBlocks.Sum(s => s.Size),
            LocalBytes = function.Locals.Sum(l => l.Size),
            UsesDynamicShared = function.SharedBlocks.Any(s => s.IsDynamic),
        };
        return new KernelCode(facts, text);
    }

    private enum RegisterClass
    {
        Predicate,
        Half,
        Word,
        Long,
        Single,
        Double,
    }

    private static readonly (string Prefix, string Type)[] Classes =
        [("%p", ".pred"), ("%h", ".b16"), ("%r", ".b32"), ("%rd", ".b64"), ("%f", ".f32"), ("%fd", ".f64")];

    // ---- The module around the code ---------------------------------------------------------------------------------

    private string Module()
    {
        (int architecture, string isa) = PtxVersion.For(target.Architecture);
        StringBuilder text = new();
        Line(text, $"// {function.Name}");
        Line(text, $".version {isa}");
        Line(text, $".target sm_{architecture}");
        Line(text, $".address_size 64");
        if (function.SharedBlocks.Any(s => s.IsDynamic))
            Line(text, $".extern .shared .align 16 .b8 dynamic_shared[];");
        Line(text, $".visible .entry {entry}(");
        for (int i = 0; i < parameterSizes.Length; i++)
            Line(text, $"\t.param .align 8 .b8 p{i}[{parameterSizes[i]}]{(i + 1 < parameterSizes.Length ? "," : "")}");
        Line(text, $")");
        if (specialization.MaxNumThreadsPerGroup is { } threads)
            Line(text, $".maxntid {threads}, 1, 1");
        if (specialization.MinNumGroupsPerMultiprocessor is { } groups)
            Line(text, $".minnctapersm {groups}");
        Line(text, $"{{");
        for (int i = 0; i < Classes.Length; i++)
        {
            if (counters[i] > 0)
                Line(text, $"\t.reg {Classes[i].Type} {Classes[i].Prefix}<{counters[i]}>;");
        }
        foreach (Shared shared in function.SharedBlocks.Where(s => !s.IsDynamic))
            Line(text, $"\t.shared .align {shared.Alignment} .b8 shared{shared.Id}[{shared.Size}];");
        foreach (Local local in function.Locals)
            Line(text, $"\t.local .align {local.Alignment} .b8 local{local.Id}[{local.Size}];");
        text.Append(code);
        Line(text, $"}}");
        return text.ToString();
    }

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private void Line(FormattableString line) => Line(code, line);

    // ---- Registers and operands -------------------------------------------------------------------------------------

    private RegisterClass ClassOf(Value value) => value.Type switch
    {
        IrType.Bool => RegisterClass.Predicate,
        IrType.I32 => RegisterClass.Word,
        IrType.I64 => RegisterClass.Long,
        IrType.F32 => RegisterClass.Single,
        IrType.F64 => RegisterClass.Double,
        // Shared and local addresses are 32 bits wide: half the registers, and no 64-bit arithmetic.
        _ => spaces.Of(value) is AddressSpace.Shared or AddressSpace.Local ? RegisterClass.Word : RegisterClass.Long,
    };

    private string NewRegister(RegisterClass kind) =>
        string.Create(CultureInfo.InvariantCulture, $"{Classes[(int)kind].Prefix}{counters[(int)kind]++}");

    private string Define(Value value)
    {
        if (!names.TryGetValue(value, out string? name))
            names.Add(value, name = NewRegister(ClassOf(value)));
        return name;
    }

    /// <summary>A register or an immediate. The address of a variable has to be moved into a register first.</summary>
    private string Use(Value value) => value switch
    {
        Constant constant => Immediate(constant),
        Shared or Local => UseRegister(value),
        _ => Define(value),
    };

    /// <summary>What may stand in the brackets of an access.</summary>
    private string UseInPlace(Value address) => address switch
    {
        Shared shared => Symbol(shared),
        Local local => Symbol(local),
        _ => Define(address),
    };

    private static string Immediate(Constant constant) => constant.Type switch
    {
        IrType.F32 => string.Create(CultureInfo.InvariantCulture, $"0f{(uint)constant.Bits:X8}"),
        IrType.F64 => string.Create(CultureInfo.InvariantCulture, $"0d{(ulong)constant.Bits:X16}"),
        _ => constant.Bits.ToString(CultureInfo.InvariantCulture),
    };

    private static string Symbol(Shared shared) => shared.IsDynamic
        ? "dynamic_shared"
        : string.Create(CultureInfo.InvariantCulture, $"shared{shared.Id}");

    private static string Symbol(Local local) => string.Create(CultureInfo.InvariantCulture, $"local{local.Id}");

    /// <summary>A predicate in a register: PTX has no immediate ones.</summary>
    private string UsePredicate(Value value)
    {
        if (value is not Constant constant)
            return Use(value);
        string register = NewRegister(RegisterClass.Predicate);
        Line($"\tmov.pred {register}, {-constant.Bits};");
        return register;
    }

    /// <summary>A value in a register, for the few places that take no immediate.</summary>
    private string UseRegister(Value value)
    {
        if (value is not (Constant or Shared or Local))
            return Use(value);
        string register = NewRegister(ClassOf(value));
        Line($"\tmov.{Suffix(value)} {register}, {(value is Constant constant ? Immediate(constant) : UseInPlace(value))};");
        return register;
    }

    /// <summary>The type in a mov or an ld of a value.</summary>
    private string Suffix(Value value) => ClassOf(value) switch
    {
        RegisterClass.Predicate => "pred",
        RegisterClass.Half => "b16",
        RegisterClass.Word => "u32",
        RegisterClass.Long => "u64",
        RegisterClass.Single => "f32",
        _ => "f64",
    };

    // ---- Blocks -----------------------------------------------------------------------------------------------------

    private void EmitBody()
    {
        for (int i = 0; i < function.Blocks.Count; i++)
            labels[function.Blocks[i]] = i;
        EmitInputs();
        for (int i = 0; i < function.Blocks.Count; i++)
        {
            BasicBlock block = function.Blocks[i];
            if (i > 0)
                Line($"L{i}:");
            foreach (Instruction instruction in block.Body)
                EmitInstruction(instruction);
            EmitCopies(block);
            EmitTerminator(block, i + 1 < function.Blocks.Count ? function.Blocks[i + 1] : null);
        }
    }

    /// <summary>Arguments and special registers that are used anywhere, once, at the start.</summary>
    private void EmitInputs()
    {
        IEnumerable<Value> used = function.Blocks.SelectMany(b => b.Phis.Concat(b.Body)).SelectMany(i => i.Args)
            .Concat(function.Blocks.Select(b => b.Condition).OfType<Value>());
        foreach (Value value in used.Distinct())
        {
            if (value is Parameter parameter)
                EmitParameter(parameter);
            else if (value is Special special)
                Line($"\tmov.u32 {Define(special)}, {SpecialName(special.Register)};");
        }
    }

    private void EmitParameter(Parameter parameter)
    {
        if (parameter.Mem == MemType.Ptr)
        {
            string generic = NewRegister(RegisterClass.Long);
            Line($"\tld.param.u64 {generic}, [p{parameter.Index}+{parameter.Offset}];");
            Line($"\tcvta.to.global.u64 {Define(parameter)}, {generic};");
        }
        else
        {
            Line($"\tld.param.{MemSuffix(parameter.Mem)} {Define(parameter)}, [p{parameter.Index}+{parameter.Offset}];");
        }
    }

    private static string SpecialName(SpecialRegister register) => register switch
    {
        SpecialRegister.GroupIdxX => "%tid.x",
        SpecialRegister.GroupIdxY => "%tid.y",
        SpecialRegister.GroupIdxZ => "%tid.z",
        SpecialRegister.GroupDimX => "%ntid.x",
        SpecialRegister.GroupDimY => "%ntid.y",
        SpecialRegister.GroupDimZ => "%ntid.z",
        SpecialRegister.GridIdxX => "%ctaid.x",
        SpecialRegister.GridIdxY => "%ctaid.y",
        SpecialRegister.GridIdxZ => "%ctaid.z",
        SpecialRegister.GridDimX => "%nctaid.x",
        SpecialRegister.GridDimY => "%nctaid.y",
        SpecialRegister.GridDimZ => "%nctaid.z",
        SpecialRegister.LaneIdx => "%laneid",
        _ => "%dynamic_smem_size",
    };

    private void EmitCopies(BasicBlock block)
    {
        Dictionary<IrType, string> temporaries = [];
        foreach (EdgeCopies.Copy copy in EdgeCopies.At(block))
        {
            Value shape = (Value?)copy.Target ?? copy.Source!;
            if ((copy.Target == null || copy.Source == null) && !temporaries.ContainsKey(copy.Type))
                temporaries[copy.Type] = NewRegister(ClassOf(shape));
            string to = copy.Target == null ? temporaries[copy.Type] : Define(copy.Target);
            string from = copy.Source == null ? temporaries[copy.Type] : copy.Type == IrType.Bool ? UsePredicate(copy.Source) : Use(copy.Source);
            Line($"\tmov.{Suffix(shape)} {to}, {from};");
        }
    }

    private void EmitTerminator(BasicBlock block, BasicBlock? next)
    {
        switch (block.Terminator)
        {
            case Terminator.Return:
                Line($"\tret;");
                break;
            case Terminator.Jump when block.Then != next:
                Line($"\tbra L{labels[block.Then!]};");
                break;
            case Terminator.Branch:
                string condition = UsePredicate(block.Condition!);
                if (block.Then == next)
                {
                    Line($"\t@!{condition} bra L{labels[block.Else!]};");
                    break;
                }
                Line($"\t@{condition} bra L{labels[block.Then!]};");
                if (block.Else != next)
                    Line($"\tbra L{labels[block.Else!]};");
                break;
        }
    }
}
