using System.Globalization;
using System.Text;
using ILGPU.Compiler.Emit;
using ILGPU.Compiler.Ir;
using ILGPU.Compiler.Optimize;
using ILGPU.Runtime.Caching;

namespace ILGPU.Compiler.OpenCL;

/// <summary>
/// OpenCL C 1.2. Registers are variables, blocks are labels, branches are gotos; integers are unsigned (signed overflow is
/// undefined in C) and are cast where an operation has a sign. Buffers are bytes and an offset, so that a view into
/// the middle of a big buffer needs no aligned sub-buffer.
/// </summary>
internal sealed partial class OpenClEmitter
{
    private readonly Function function;
    private readonly AddressSpaces spaces;
    private readonly StringBuilder code = new();
    private readonly StringBuilder declarations = new();
    private readonly List<string> parameters = [];
    private readonly List<ArgumentSlot> slots = [];
    private readonly Dictionary<Value, string> names = [];
    private readonly Dictionary<BasicBlock, int> labels = [];
    private int counter;
    private bool usesDoubles, usesLongAtomics;

    private OpenClEmitter(Function function, AddressSpaces spaces)
    {
        this.function = function;
        this.spaces = spaces;
    }

    public static KernelCode Emit(Function function, AddressSpaces spaces)
    {
        OpenClEmitter emitter = new(function, spaces);
        emitter.EmitBody();
        string entry = KernelCode.Identifier(function.Name);
        string text = emitter.Source(entry);
        KernelFacts facts = new(function.Name, entry, CacheEntry.Hash(text))
        {
            SharedBytes = function.SharedBlocks.Sum(s => s.Size),
            LocalBytes = function.Locals.Sum(l => l.Size),
            Slots = [.. emitter.slots],
            UsesDoubles = emitter.usesDoubles,
            UsesDynamicShared = function.SharedBlocks.Any(s => s.IsDynamic),
        };
        return new KernelCode(facts, text);
    }

    private string Source(string entry)
    {
        StringBuilder text = new();
        text.Append("// ").Append(function.Name).Append('\n');
        if (usesDoubles)
            text.Append("#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n");
        if (usesLongAtomics)
            text.Append("#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable\n#pragma OPENCL EXTENSION cl_khr_int64_extended_atomics : enable\n");
        text.Append(Prelude);
        if (usesDoubles)
            text.Append(DoublePrelude);
        if (function.SharedBlocks.Any(s => s.IsDynamic))
            parameters.AddRange(["__local uchar* dynamic_shared", "uint dynamic_bytes"]);
        text.Append("__kernel void ").Append(entry).Append('(').AppendJoin(", ", parameters).Append(")\n{\n");
        foreach (Shared shared in function.SharedBlocks.Where(s => !s.IsDynamic))
            text.Append(CultureInfo.InvariantCulture, $"    __local uchar shared{shared.Id}[{shared.Size}] __attribute__((aligned({shared.Alignment})));\n");
        foreach (Local local in function.Locals)
            text.Append(CultureInfo.InvariantCulture, $"    uchar local{local.Id}[{local.Size}] __attribute__((aligned({local.Alignment})));\n");
        text.Append(declarations).Append(code).Append("}\n");
        return text.ToString();
    }

    private void Line(FormattableString line) => code.Append("    ").Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    // ---- Names ------------------------------------------------------------------------------------------------------

    private string TypeName(Value value) => value.Type switch
    {
        IrType.Bool => "int",
        IrType.I32 => "uint",
        IrType.I64 => "ulong",
        IrType.F32 => "float",
        IrType.F64 => "double",
        IrType.Tuple => throw new InvalidOperationException("A tuple has no type of its own."),
        _ => $"{Space(value)} uchar*",
    };

    private string Space(Value address) => spaces.Of(address) switch
    {
        AddressSpace.Shared => "__local",
        AddressSpace.Local => "__private",
        _ => "__global",
    };

    private string Define(Value value)
    {
        if (names.TryGetValue(value, out string? name))
            return name;
        name = string.Create(CultureInfo.InvariantCulture, $"v{counter++}");
        names.Add(value, name);
        usesDoubles |= value.Type == IrType.F64;
        declarations.Append("    ").Append(TypeName(value)).Append(' ').Append(name).Append(";\n");
        return name;
    }

    private string Use(Value value) => value switch
    {
        Constant constant => Literal(constant),
        Special special => SpecialName(special.Register),
        Shared { IsDynamic: true } => "dynamic_shared",
        Shared shared => string.Create(CultureInfo.InvariantCulture, $"shared{shared.Id}"),
        Local local => string.Create(CultureInfo.InvariantCulture, $"local{local.Id}"),
        Parameter parameter => names[parameter],
        _ => Define(value),
    };

    private string Literal(Constant constant)
    {
        usesDoubles |= constant.Type == IrType.F64;
        return constant.Type switch
        {
            IrType.Bool => constant.Bits.ToString(CultureInfo.InvariantCulture),
            IrType.I32 => string.Create(CultureInfo.InvariantCulture, $"{(uint)constant.Bits}u"),
            IrType.I64 => string.Create(CultureInfo.InvariantCulture, $"{(ulong)constant.Bits}ul"),
            IrType.F32 => string.Create(CultureInfo.InvariantCulture, $"as_float(0x{(uint)constant.Bits:x8}u)"),
            IrType.F64 => string.Create(CultureInfo.InvariantCulture, $"as_double(0x{(ulong)constant.Bits:x16}ul)"),
            _ => "0",
        };
    }

    private static string SpecialName(SpecialRegister register) => register switch
    {
        SpecialRegister.GroupIdxX => "(uint)get_local_id(0)",
        SpecialRegister.GroupIdxY => "(uint)get_local_id(1)",
        SpecialRegister.GroupIdxZ => "(uint)get_local_id(2)",
        SpecialRegister.GroupDimX => "(uint)get_local_size(0)",
        SpecialRegister.GroupDimY => "(uint)get_local_size(1)",
        SpecialRegister.GroupDimZ => "(uint)get_local_size(2)",
        SpecialRegister.GridIdxX => "(uint)get_group_id(0)",
        SpecialRegister.GridIdxY => "(uint)get_group_id(1)",
        SpecialRegister.GridIdxZ => "(uint)get_group_id(2)",
        SpecialRegister.GridDimX => "(uint)get_num_groups(0)",
        SpecialRegister.GridDimY => "(uint)get_num_groups(1)",
        SpecialRegister.GridDimZ => "(uint)get_num_groups(2)",
        SpecialRegister.DynamicSharedBytes => "dynamic_bytes",
        _ => "0u",
    };

    // ---- Blocks -----------------------------------------------------------------------------------------------------

    private void EmitBody()
    {
        for (int i = 0; i < function.Blocks.Count; i++)
            labels[function.Blocks[i]] = i;
        EmitParameters();
        HashSet<BasicBlock> targets = [.. function.Blocks.SelectMany((b, i) => b.Successors.Where(s => !IsNext(s, i)))];
        for (int i = 0; i < function.Blocks.Count; i++)
        {
            BasicBlock block = function.Blocks[i];
            if (targets.Contains(block))
                code.Append(CultureInfo.InvariantCulture, $"L{i}:;\n");
            foreach (Instruction instruction in block.Body)
                EmitInstruction(instruction);
            EmitCopies(block);
            EmitTerminator(block, i);
        }
    }

    private bool IsNext(BasicBlock block, int i) => i + 1 < function.Blocks.Count && function.Blocks[i + 1] == block;

    private void EmitParameters()
    {
        IEnumerable<Parameter> used = function.Blocks.SelectMany(b => b.Phis.Concat(b.Body)).SelectMany(i => i.Args)
            .Concat(function.Blocks.Select(b => b.Condition).OfType<Value>()).OfType<Parameter>().Distinct().OrderBy(p => (p.Index, p.Offset));
        foreach (Parameter parameter in used)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"a{parameter.Index}_{parameter.Offset}");
            if (parameter.Mem == MemType.Ptr)
            {
                parameters.AddRange([$"__global uchar* {name}_buffer", $"ulong {name}_offset"]);
                slots.Add(new ArgumentSlot(parameter.Index, parameter.Offset, 0, true));
                slots.Add(new ArgumentSlot(parameter.Index, parameter.Offset, 8, false));
                Line($"{Define(parameter)} = {name}_buffer + {name}_offset;");
                continue;
            }
            parameters.Add($"{RawType(parameter.Mem)} {name}");
            slots.Add(new ArgumentSlot(parameter.Index, parameter.Offset, parameter.Mem.Size(), false));
            string value = parameter.Mem is MemType.I8 or MemType.I16 ? $"(uint)(int){name}" : name;
            Line($"{Define(parameter)} = {value};");
        }
    }

    private static string RawType(MemType mem) => mem switch
    {
        MemType.I8 => "char",
        MemType.U8 => "uchar",
        MemType.I16 => "short",
        MemType.U16 => "ushort",
        MemType.I32 => "uint",
        MemType.F32 => "float",
        MemType.F64 => "double",
        _ => "ulong",
    };

    private void EmitCopies(BasicBlock block)
    {
        Dictionary<IrType, string> temporaries = [];
        foreach (EdgeCopies.Copy copy in EdgeCopies.At(block))
        {
            Value shape = (Value?)copy.Target ?? copy.Source!;
            if ((copy.Target == null || copy.Source == null) && !temporaries.ContainsKey(copy.Type))
            {
                temporaries[copy.Type] = string.Create(CultureInfo.InvariantCulture, $"v{counter++}");
                declarations.Append("    ").Append(TypeName(shape)).Append(' ').Append(temporaries[copy.Type]).Append(";\n");
            }
            string to = copy.Target == null ? temporaries[copy.Type] : Define(copy.Target);
            string from = copy.Source == null ? temporaries[copy.Type] : Use(copy.Source);
            Line($"{to} = {from};");
        }
    }

    private void EmitTerminator(BasicBlock block, int i)
    {
        switch (block.Terminator)
        {
            case Terminator.Return:
                Line($"return;");
                break;
            case Terminator.Jump when !IsNext(block.Then!, i):
                Line($"goto L{labels[block.Then!]};");
                break;
            case Terminator.Branch:
                string condition = Use(block.Condition!);
                if (IsNext(block.Then!, i))
                {
                    Line($"if (!{condition}) goto L{labels[block.Else!]};");
                    break;
                }
                Line($"if ({condition}) goto L{labels[block.Then!]};");
                if (!IsNext(block.Else!, i))
                    Line($"goto L{labels[block.Else!]};");
                break;
        }
    }
}
