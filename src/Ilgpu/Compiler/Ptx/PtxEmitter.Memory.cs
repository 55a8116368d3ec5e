using System.Globalization;
using System.Text;
using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Ptx;

internal sealed partial class PtxEmitter
{
    private void EmitMemory(Instruction i)
    {
        switch (i.Op)
        {
            case Op.Address:
                EmitAddress(i);
                break;
            case Op.Load:
                EmitLoad(i);
                break;
            case Op.Store:
                EmitStore(i);
                break;
            case Op.Atomic:
                Line($"\tatom.{Space(i.Args[0])}.{AtomicName(i)} {Define(i)}, {Place(i)}, {UseRegister(i.Args[1])};");
                break;
            case Op.AtomicCas:
                Line($"\tatom.{Space(i.Args[0])}.cas.{Bits(i.Type)} {Define(i)}, {Place(i)}, {UseRegister(i.Args[1])}, {UseRegister(i.Args[2])};");
                break;
            default:
                names[i] = tuples[(Instruction)i.Args[0]][i.Offset];
                break;
        }
    }

    private string Space(Value address) => spaces.Of(address).ToString().ToLowerInvariant();

    /// <summary>[register + offset] or [symbol + offset].</summary>
    private string Place(Instruction i) => i.Offset == 0
        ? $"[{UseInPlace(i.Args[0])}]"
        : string.Create(CultureInfo.InvariantCulture, $"[{UseInPlace(i.Args[0])}{i.Offset:+0;-0}]");

    private void EmitAddress(Instruction i)
    {
        bool wide = ClassOf(i) == RegisterClass.Long;
        string type = wide ? "s64" : "s32";
        if (i.Args.Length == 1)
        {
            Line($"\tadd.{type} {Define(i)}, {UseRegister(i.Args[0])}, {i.Offset};");
            return;
        }
        string sum = i.Offset == 0 ? Define(i) : NewRegister(ClassOf(i));
        Value index = i.Args[1];
        string @base = UseRegister(i.Args[0]);
        if (wide && index.Type == IrType.I32)
            Line($"\tmad.wide.s32 {sum}, {Use(index)}, {i.Scale}, {@base};");
        else if (wide)
            Line($"\tmad.lo.s64 {sum}, {Use(index)}, {i.Scale}, {@base};");
        else
            Line($"\tmad.lo.s32 {sum}, {NarrowIndex(index)}, {i.Scale}, {@base};");
        if (i.Offset != 0)
            Line($"\tadd.{type} {Define(i)}, {sum}, {i.Offset};");
    }

    private string NarrowIndex(Value index)
    {
        if (index.Type == IrType.I32)
            return Use(index);
        string narrow = NewRegister(RegisterClass.Word);
        Line($"\tcvt.u32.u64 {narrow}, {UseRegister(index)};");
        return narrow;
    }

    private static string MemSuffix(MemType mem) => mem switch
    {
        MemType.I8 => "s8",
        MemType.U8 => "u8",
        MemType.I16 => "s16",
        MemType.U16 => "u16",
        MemType.I32 => "u32",
        MemType.F32 => "f32",
        MemType.F64 => "f64",
        _ => "u64",
    };

    private void EmitLoad(Instruction i)
    {
        if (i.Type != IrType.Tuple)
        {
            Line($"\tld.{Space(i.Args[0])}.{MemSuffix(i.Mem)} {Define(i)}, {Place(i)};");
            return;
        }
        string[] parts = new string[i.Count];
        for (int k = 0; k < parts.Length; k++)
            parts[k] = NewRegister(i.Mem == MemType.F32 ? RegisterClass.Single : RegisterClass.Word);
        tuples[i] = parts;
        Line($"\tld.{Space(i.Args[0])}.v{i.Count}.{MemSuffix(i.Mem)} {{{string.Join(", ", parts)}}}, {Place(i)};");
    }

    private void EmitStore(Instruction i)
    {
        string[] values = [.. i.Args[1..].Select(UseRegister)];
        // A byte or short is stored from a wider register; the type says how much of it.
        string suffix = MemSuffix(i.Mem).Replace('s', 'u');
        if (i.Mem.Register() != i.Args[1].Type)
            suffix = Suffix(i.Args[1]);
        if (i.Count == 1)
            Line($"\tst.{Space(i.Args[0])}.{suffix} {Place(i)}, {values[0]};");
        else
            Line($"\tst.{Space(i.Args[0])}.v{i.Count}.{suffix} {Place(i)}, {{{string.Join(", ", values)}}};");
    }

    private static string AtomicName(Instruction i)
    {
        string bits = Bits(i.Type);
        return (AtomicKind)i.Kind switch
        {
            AtomicKind.Add => $"add.{(i.Type.IsFloat() ? Number(i.Type) : Unsigned(i.Type))}",
            AtomicKind.Min => $"min.{Number(i.Type)}",
            AtomicKind.MinU => $"min.{Unsigned(i.Type)}",
            AtomicKind.Max => $"max.{Number(i.Type)}",
            AtomicKind.MaxU => $"max.{Unsigned(i.Type)}",
            AtomicKind.And => $"and.{bits}",
            AtomicKind.Or => $"or.{bits}",
            AtomicKind.Xor => $"xor.{bits}",
            _ => $"exch.{bits}",
        };
    }

    private void EmitCooperation(Instruction i)
    {
        switch (i.Op)
        {
            case Op.Barrier:
                Line($"\tbar.sync 0;");
                break;
            case Op.WarpBarrier:
                Line($"\tbar.warp.sync -1;");
                break;
            case Op.Fence:
                Line($"\tmembar.{((FenceLevel)i.Kind switch { FenceLevel.Group => "cta", FenceLevel.Device => "gl", _ => "sys" })};");
                break;
            case Op.BarrierReduce when i.Kind == 0:
                Line($"\tbar.red.popc.u32 {Define(i)}, 0, {UsePredicate(i.Args[0])};");
                break;
            case Op.BarrierReduce:
                string all = NewRegister(RegisterClass.Predicate);
                Line($"\tbar.red.{(i.Kind == 1 ? "and" : "or")}.pred {all}, 0, {UsePredicate(i.Args[0])};");
                Line($"\tselp.u32 {Define(i)}, 1, 0, {all};");
                break;
            case Op.Shuffle:
                EmitShuffle(i);
                break;
            default:
                EmitAssembly(i);
                break;
        }
    }

    /// <summary>The third operand holds the clamp (0 upwards, 31 otherwise) and the mask of the segment a width makes.</summary>
    private void EmitShuffle(Instruction i)
    {
        ShuffleKind kind = (ShuffleKind)i.Kind;
        int clamp = kind == ShuffleKind.Up ? 0 : 31;
        string bound;
        if (i.Args[2] is Constant width)
        {
            bound = (((32 - (int)width.Bits) << 8) | clamp).ToString(CultureInfo.InvariantCulture);
        }
        else
        {
            string rest = NewRegister(RegisterClass.Word), mask = NewRegister(RegisterClass.Word);
            bound = NewRegister(RegisterClass.Word);
            Line($"\tsub.s32 {rest}, 32, {Use(i.Args[2])};");
            Line($"\tshl.b32 {mask}, {rest}, 8;");
            Line($"\tor.b32 {bound}, {mask}, {clamp};");
        }
        string mode = kind switch { ShuffleKind.Index => "idx", ShuffleKind.Down => "down", ShuffleKind.Up => "up", _ => "bfly" };
        Line($"\tshfl.sync.{mode}.b32 {Define(i)}, {UseRegister(i.Args[0])}, {Use(i.Args[1])}, {bound}, -1;");
    }

    private void EmitAssembly(Instruction i)
    {
        AsmText asm = (AsmText)i.Aux!;
        string[] operands = new string[asm.Operands.Length];
        string[] outputs = new string[i.Count];
        for (int k = 0; k < operands.Length; k++)
        {
            AsmOperand operand = asm.Operands[k];
            RegisterClass kind = ClassOf(operand.Mem);
            operands[k] = operand.Output >= 0 ? NewRegister(kind) : UseRegister(i.Args[operand.Input]);
            if (operand.Output >= 0)
                outputs[operand.Output] = operands[k];
            if (operand.Output >= 0 && operand.Input >= 0)
                Line($"\tmov.{MovSuffix(kind)} {operands[k]}, {Use(i.Args[operand.Input])};");
        }
        tuples[i] = outputs;
        foreach (string line in Substitute(asm.Template, operands).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            Line($"\t{line}");
    }

    private static RegisterClass ClassOf(MemType mem) => mem.Register() switch
    {
        IrType.I32 => RegisterClass.Word,
        IrType.F32 => RegisterClass.Single,
        IrType.F64 => RegisterClass.Double,
        _ => RegisterClass.Long,
    };

    private static string MovSuffix(RegisterClass kind) => kind switch
    {
        RegisterClass.Word => "u32",
        RegisterClass.Single => "f32",
        RegisterClass.Double => "f64",
        _ => "u64",
    };

    /// <summary>%0 … %n become registers, %% a per cent sign.</summary>
    private static string Substitute(string template, string[] operands)
    {
        StringBuilder text = new();
        for (int k = 0; k < template.Length; k++)
        {
            if (template[k] != '%' || k + 1 >= template.Length)
            {
                text.Append(template[k]);
            }
            else if (template[k + 1] == '%')
            {
                text.Append('%');
                k++;
            }
            else
            {
                int end = k + 1;
                while (end < template.Length && char.IsAsciiDigit(template[end]))
                    end++;
                text.Append(end > k + 1 ? operands[int.Parse(template.AsSpan(k + 1, end - k - 1), CultureInfo.InvariantCulture)] : "%");
                k = end - 1;
            }
        }
        return text.ToString();
    }
}
