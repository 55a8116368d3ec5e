using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Ptx;

internal sealed partial class PtxEmitter
{
    private void EmitInstruction(Instruction i)
    {
        switch (i.Op)
        {
            case Op.Address or Op.Load or Op.Store or Op.Atomic or Op.AtomicCas or Op.Extract:
                EmitMemory(i);
                break;
            case Op.Barrier or Op.BarrierReduce or Op.WarpBarrier or Op.Shuffle or Op.Fence or Op.Asm:
                EmitCooperation(i);
                break;
            case Op.Compare:
                EmitCompare(i);
                break;
            case Op.Select:
                EmitSelect(i);
                break;
            case >= Op.BoolToInt and <= Op.FloatToHalf:
                EmitConversion(i);
                break;
            case Op.Min or Op.Max when i.Type.IsFloat():
                EmitFloatExtreme(i);
                break;
            case Op.PopCount or Op.LeadingZeros or Op.TrailingZeros:
                EmitCount(i);
                break;
            case Op.CopySign:
                // PTX copies the sign of its first operand.
                Line($"\tcopysign.{Number(i.Type)} {Define(i)}, {Use(i.Args[1])}, {Use(i.Args[0])};");
                break;
            case Op.And or Op.Or or Op.Xor or Op.Not when i.Type == IrType.Bool:
                Line($"\t{Mnemonic(i)} {Define(i)}, {string.Join(", ", i.Args.Select(UsePredicate))};");
                break;
            default:
                Line($"\t{Mnemonic(i)} {Define(i)}, {string.Join(", ", i.Args.Select(Use))};");
                break;
        }
    }

    private static string Number(IrType type) => type switch
    {
        IrType.Bool => "pred",
        IrType.I32 => "s32",
        IrType.I64 => "s64",
        IrType.F32 => "f32",
        IrType.F64 => "f64",
        _ => "u64",
    };

    private static string Unsigned(IrType type) => type == IrType.I64 ? "u64" : "u32";

    private static string Bits(IrType type) => type switch
    {
        IrType.Bool => "pred",
        IrType.I64 or IrType.F64 => "b64",
        _ => "b32",
    };

    private string Mnemonic(Instruction i)
    {
        string type = Number(i.Type), unsigned = Unsigned(i.Type), bits = Bits(i.Type);
        bool real = i.Type.IsFloat();
        bool fast = i.Type == IrType.F32 && target.MathMode != MathMode.Default;
        return i.Op switch
        {
            Op.Add => real ? $"add{Rounding(i)}.{type}" : $"add.{type}",
            Op.Sub => real ? $"sub{Rounding(i)}.{type}" : $"sub.{type}",
            Op.Mul => real ? $"mul{Rounding(i)}.{type}" : $"mul.lo.{type}",
            Op.Div => fast ? "div.full.f32" : real ? $"div.rn.{type}" : $"div.{type}",
            Op.DivU => $"div.{unsigned}",
            Op.Rem => $"rem.{type}",
            Op.RemU => $"rem.{unsigned}",
            Op.Neg => $"neg.{type}",
            Op.Abs => $"abs.{type}",
            Op.Min => $"min.{type}",
            Op.MinU => $"min.{unsigned}",
            Op.Max => $"max.{type}",
            Op.MaxU => $"max.{unsigned}",
            Op.MulHi => $"mul.hi.{type}",
            Op.MulHiU => $"mul.hi.{unsigned}",
            Op.And => $"and.{bits}",
            Op.Or => $"or.{bits}",
            Op.Xor => $"xor.{bits}",
            Op.Not => $"not.{bits}",
            Op.Shl => $"shl.{bits}",
            Op.Shr => $"shr.{type}",
            Op.ShrU => $"shr.{unsigned}",
            Op.Fma => $"fma.rn.{type}",
            Op.Sqrt => fast ? "sqrt.approx.f32" : $"sqrt.rn.{type}",
            Op.Floor => $"cvt.rmi.{type}.{type}",
            Op.Ceiling => $"cvt.rpi.{type}.{type}",
            Op.Truncate => $"cvt.rzi.{type}.{type}",
            Op.RoundEven => $"cvt.rni.{type}.{type}",
            _ => throw new InvalidOperationException($"{i.Op} has no PTX instruction."),
        };
    }

    /// <summary>Without a rounding modifier ptxas may fuse; that is what the fast modes ask for.</summary>
    private string Rounding(Instruction i) =>
        target.MathMode == MathMode.Fast || target.MathMode == MathMode.Fast32BitOnly && i.Type == IrType.F32 ? "" : ".rn";

    private void EmitCompare(Instruction i)
    {
        IrType type = i.Args[0].Type;
        if (type == IrType.Bool)
        {
            string difference = i.Predicate == Predicate.Ne ? Define(i) : NewRegister(RegisterClass.Predicate);
            Line($"\txor.pred {difference}, {UsePredicate(i.Args[0])}, {UsePredicate(i.Args[1])};");
            if (i.Predicate != Predicate.Ne)
                Line($"\tnot.pred {Define(i)}, {difference};");
            return;
        }
        string name = i.Predicate.ToString().ToLowerInvariant();
        bool unsigned = name.EndsWith('u');
        string instruction = type.IsFloat()
            ? $"{(i.Predicate == Predicate.Ne ? "neu" : name)}.{Number(type)}"
            : $"{name.TrimEnd('u')}.{(unsigned || type == IrType.Ptr ? Unsigned(ClassOf(i.Args[0]) == RegisterClass.Long ? IrType.I64 : IrType.I32) : Number(type))}";
        Line($"\tsetp.{instruction} {Define(i)}, {Use(i.Args[0])}, {Use(i.Args[1])};");
    }

    private void EmitSelect(Instruction i)
    {
        string condition = UsePredicate(i.Args[0]);
        if (i.Type != IrType.Bool)
        {
            Line($"\tselp.{Suffix(i)} {Define(i)}, {Use(i.Args[1])}, {Use(i.Args[2])}, {condition};");
            return;
        }
        string yes = NewRegister(RegisterClass.Predicate), no = NewRegister(RegisterClass.Predicate), inverse = NewRegister(RegisterClass.Predicate);
        Line($"\tand.pred {yes}, {condition}, {UsePredicate(i.Args[1])};");
        Line($"\tnot.pred {inverse}, {condition};");
        Line($"\tand.pred {no}, {inverse}, {UsePredicate(i.Args[2])};");
        Line($"\tor.pred {Define(i)}, {yes}, {no};");
    }

    /// <summary>NaN wins. From sm_80 on that is an instruction for floats.</summary>
    private void EmitFloatExtreme(Instruction i)
    {
        string name = i.Op == Op.Min ? "min" : "max", a = Use(i.Args[0]), b = Use(i.Args[1]);
        if (i.Type == IrType.F32 && target.Architecture >= 80)
        {
            Line($"\t{name}.NaN.f32 {Define(i)}, {a}, {b};");
            return;
        }
        string isNaN = NewRegister(RegisterClass.Predicate), number = NewRegister(ClassOf(i));
        Line($"\tsetp.nan.{Number(i.Type)} {isNaN}, {a}, {b};");
        Line($"\t{name}.{Number(i.Type)} {number}, {a}, {b};");
        string nan = i.Type == IrType.F32 ? "0f7FC00000" : "0d7FF8000000000000";
        Line($"\tselp.{Number(i.Type)} {Define(i)}, {nan}, {number}, {isNaN};");
    }

    private void EmitCount(Instruction i)
    {
        string bits = Bits(i.Type), source = Use(i.Args[0]);
        string count = i.Type == IrType.I64 ? NewRegister(RegisterClass.Word) : Define(i);
        if (i.Op == Op.TrailingZeros)
        {
            string reversed = NewRegister(ClassOf(i));
            Line($"\tbrev.{bits} {reversed}, {source};");
            source = reversed;
        }
        Line($"\t{(i.Op == Op.PopCount ? "popc" : "clz")}.{bits} {count}, {source};");
        if (i.Type == IrType.I64)
            Line($"\tcvt.u64.u32 {Define(i)}, {count};");
    }

    private void EmitConversion(Instruction i)
    {
        Value source = i.Args[0];
        string from = Number(source.Type), to = Number(i.Type);
        switch (i.Op)
        {
            case Op.BoolToInt:
                Line($"\tselp.u32 {Define(i)}, 1, 0, {UsePredicate(source)};");
                break;
            case Op.SExt8:
                Line($"\tcvt.s32.s8 {Define(i)}, {Use(source)};");
                break;
            case Op.SExt16:
                Line($"\tcvt.s32.s16 {Define(i)}, {Use(source)};");
                break;
            case Op.ZExt8:
                Line($"\tand.b32 {Define(i)}, {Use(source)}, 255;");
                break;
            case Op.ZExt16:
                Line($"\tand.b32 {Define(i)}, {Use(source)}, 65535;");
                break;
            case Op.SExt:
                Line($"\tcvt.s64.s32 {Define(i)}, {Use(source)};");
                break;
            case Op.ZExt:
                Line($"\tcvt.u64.u32 {Define(i)}, {Use(source)};");
                break;
            case Op.Trunc:
                Line($"\tcvt.u32.u64 {Define(i)}, {Use(source)};");
                break;
            case Op.IntToFloat:
                Line($"\tcvt.rn.{to}.{from} {Define(i)}, {Use(source)};");
                break;
            case Op.UIntToFloat:
                Line($"\tcvt.rn.{to}.{Unsigned(source.Type)} {Define(i)}, {Use(source)};");
                break;
            case Op.FloatToInt or Op.FloatToUInt:
                EmitFloatToInt(i, source);
                break;
            case Op.FloatToFloat:
                Line($"\t{(i.Type == IrType.F32 ? "cvt.rn.f32.f64" : "cvt.f64.f32")} {Define(i)}, {Use(source)};");
                break;
            case Op.Bitcast:
                Line($"\tmov.{Bits(i.Type)} {Define(i)}, {Use(source)};");
                break;
            default:
                EmitHalf(i, source);
                break;
        }
    }

    /// <summary>PTX saturates as .NET does, but makes NaN the least 64-bit integer, also from doubles to 32 bits.</summary>
    private void EmitFloatToInt(Instruction i, Value source)
    {
        string to = i.Op == Op.FloatToInt ? Number(i.Type) : Unsigned(i.Type), from = Number(source.Type);
        if (i.Type == IrType.I32 && source.Type == IrType.F32)
        {
            Line($"\tcvt.rzi.{to}.{from} {Define(i)}, {Use(source)};");
            return;
        }
        string number = NewRegister(ClassOf(i)), isNaN = NewRegister(RegisterClass.Predicate);
        Line($"\tcvt.rzi.{to}.{from} {number}, {Use(source)};");
        Line($"\tsetp.nan.{from} {isNaN}, {Use(source)}, {Use(source)};");
        Line($"\tselp.{to} {Define(i)}, 0, {number}, {isNaN};");
    }

    private void EmitHalf(Instruction i, Value source)
    {
        string half = NewRegister(RegisterClass.Half);
        if (i.Op == Op.HalfToFloat)
        {
            Line($"\tcvt.u16.u32 {half}, {Use(source)};");
            Line($"\tcvt.f32.f16 {Define(i)}, {half};");
        }
        else
        {
            Line($"\tcvt.rn.f16.f32 {half}, {Use(source)};");
            Line($"\tcvt.u32.u16 {Define(i)}, {half};");
        }
    }
}
