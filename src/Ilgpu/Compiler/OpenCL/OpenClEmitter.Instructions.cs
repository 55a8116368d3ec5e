using System.Globalization;
using ILGPU.Bundled;
using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.OpenCL;

internal sealed partial class OpenClEmitter
{
    private void EmitInstruction(Instruction i)
    {
        switch (i.Op)
        {
            case Op.Load:
                EmitLoad(i);
                break;
            case Op.Store:
                EmitStore(i);
                break;
            case Op.Atomic or Op.AtomicCas:
                Line($"{Define(i)} = {AtomicCall(i)};");
                break;
            case Op.Extract:
                string part = $"{names[i.Args[0]]}.s{i.Offset}";
                Line($"{Define(i)} = {(i.Type == IrType.F32 ? $"as_float({part})" : part)};");
                break;
            case Op.Barrier:
                Line($"barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);");
                break;
            case Op.Fence:
                Line($"mem_fence(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);");
                break;
            case Op.Shuffle:
                throw new KernelRefusedException(((Func<string, string>)i.Aux!)("an OpenCL device has warps of one lane here; write the loop over Warp.WarpSize"));
            case Op.Asm:
                throw new KernelRefusedException($"Kernel '{function.Name}' cannot run on an OpenCL device: CudaAsm is reachable; ask CudaAsm.IsSupported first.");
            default:
                Line($"{Define(i)} = {Expression(i)};");
                break;
        }
    }

    private string A(Instruction i) => Use(i.Args[0]);
    private string B(Instruction i) => Use(i.Args[1]);

    private static string Signed(IrType type) => type == IrType.I64 ? "long" : "int";
    private static string Unsigned(IrType type) => type == IrType.I64 ? "ulong" : "uint";

    private string SignedA(Instruction i) => $"({Signed(i.Args[0].Type)}){A(i)}";
    private string SignedB(Instruction i) => $"({Signed(i.Args[1].Type)}){B(i)}";

    private string Expression(Instruction i)
    {
        string unsigned = Unsigned(i.Type), prefix = i.Type == IrType.F64 ? "d" : "f";
        bool real = i.Type.IsFloat();
        return i.Op switch
        {
            Op.Add => $"{A(i)} + {B(i)}",
            Op.Sub => $"{A(i)} - {B(i)}",
            Op.Mul => $"{A(i)} * {B(i)}",
            Op.Div => real ? $"{A(i)} / {B(i)}" : $"({unsigned})({SignedA(i)} / {SignedB(i)})",
            Op.DivU => $"{A(i)} / {B(i)}",
            Op.Rem => $"({unsigned})({SignedA(i)} % {SignedB(i)})",
            Op.RemU => $"{A(i)} % {B(i)}",
            Op.Neg => real ? $"-{A(i)}" : $"0 - {A(i)}",
            Op.Abs => real ? $"fabs({A(i)})" : $"({unsigned})abs({SignedA(i)})",
            Op.Min => real ? $"{prefix}_min({A(i)}, {B(i)})" : $"({unsigned})min({SignedA(i)}, {SignedB(i)})",
            Op.Max => real ? $"{prefix}_max({A(i)}, {B(i)})" : $"({unsigned})max({SignedA(i)}, {SignedB(i)})",
            Op.MinU => $"min({A(i)}, {B(i)})",
            Op.MaxU => $"max({A(i)}, {B(i)})",
            Op.MulHi => $"({unsigned})mul_hi({SignedA(i)}, {SignedB(i)})",
            Op.MulHiU => $"mul_hi({A(i)}, {B(i)})",
            Op.And => $"{A(i)} & {B(i)}",
            Op.Or => $"{A(i)} | {B(i)}",
            Op.Xor => $"{A(i)} ^ {B(i)}",
            Op.Not => i.Type == IrType.Bool ? $"!{A(i)}" : $"~{A(i)}",
            Op.Shl => $"{A(i)} << {B(i)}",
            Op.Shr => $"({unsigned})({SignedA(i)} >> {B(i)})",
            Op.ShrU => $"{A(i)} >> {B(i)}",
            Op.PopCount => $"popcount({A(i)})",
            Op.LeadingZeros => $"clz({A(i)})",
            Op.TrailingZeros => $"{(i.Type == IrType.I64 ? "ctz64" : "ctz32")}({A(i)})",
            Op.Fma => $"fma({A(i)}, {B(i)}, {Use(i.Args[2])})",
            Op.Sqrt => $"sqrt({A(i)})",
            Op.Floor => $"floor({A(i)})",
            Op.Ceiling => $"ceil({A(i)})",
            Op.Truncate => $"trunc({A(i)})",
            Op.RoundEven => $"rint({A(i)})",
            Op.CopySign => $"copysign({A(i)}, {B(i)})",
            Op.Compare => Comparison(i),
            Op.Select => $"{A(i)} ? {B(i)} : {Use(i.Args[2])}",
            Op.Address => AddressOf(i),
            _ => Conversion(i),
        };
    }

    private string Comparison(Instruction i)
    {
        string sign = i.Predicate switch
        {
            Predicate.Eq => "==",
            Predicate.Ne => "!=",
            Predicate.Lt or Predicate.LtU => "<",
            Predicate.Le or Predicate.LeU => "<=",
            Predicate.Gt or Predicate.GtU => ">",
            _ => ">=",
        };
        bool unsigned = i.Predicate >= Predicate.LtU;
        if (i.Args[0].Type.IsFloat())
        {
            if (!unsigned)
                return $"{A(i)} {sign} {B(i)}";
            // "or unordered" is "not the opposite".
            string opposite = i.Predicate switch { Predicate.LtU => ">=", Predicate.LeU => ">", Predicate.GtU => "<=", _ => "<" };
            return $"!({A(i)} {opposite} {B(i)})";
        }
        bool plain = unsigned || i.Predicate <= Predicate.Ne || i.Args[0].Type is IrType.Bool or IrType.Ptr;
        return plain ? $"{A(i)} {sign} {B(i)}" : $"{SignedA(i)} {sign} {SignedB(i)}";
    }

    private string Conversion(Instruction i)
    {
        string to = i.Type == IrType.F64 ? "double" : "float";
        usesDoubles |= i.Args[0].Type == IrType.F64;
        return i.Op switch
        {
            Op.BoolToInt => $"(uint){A(i)}",
            Op.SExt8 => $"(uint)(int)(char){A(i)}",
            Op.SExt16 => $"(uint)(int)(short){A(i)}",
            Op.ZExt8 => $"{A(i)} & 255u",
            Op.ZExt16 => $"{A(i)} & 65535u",
            Op.SExt => $"(ulong)(long)(int){A(i)}",
            Op.ZExt => $"(ulong){A(i)}",
            Op.Trunc => $"(uint){A(i)}",
            Op.IntToFloat => $"({to}){SignedA(i)}",
            Op.UIntToFloat => $"({to}){A(i)}",
            Op.FloatToInt => $"({Unsigned(i.Type)})convert_{Signed(i.Type)}_sat_rtz({A(i)})",
            Op.FloatToUInt => $"convert_{Unsigned(i.Type)}_sat_rtz({A(i)})",
            Op.FloatToFloat => $"({to}){A(i)}",
            Op.Bitcast => $"as_{(i.Type.IsFloat() ? to : Unsigned(i.Type))}({A(i)})",
            Op.HalfToFloat => $"half_to_float({A(i)})",
            Op.FloatToHalf => $"float_to_half({A(i)})",
            _ => throw new InvalidOperationException($"{i.Op} has no OpenCL expression."),
        };
    }

    private string AddressOf(Instruction i)
    {
        string offset = i.Offset == 0 ? "" : i.Offset.ToString(" + 0; - 0", CultureInfo.InvariantCulture);
        if (i.Args.Length == 1)
            return $"{A(i)}{offset}";
        string index = i.Args[1].Type == IrType.I32 ? $"(long)(int){B(i)}" : $"(long){B(i)}";
        return string.Create(CultureInfo.InvariantCulture, $"{A(i)} + {index} * {i.Scale}{offset}");
    }

    private string Place(Instruction i) => i.Offset == 0 ? A(i) : $"({A(i)}{i.Offset.ToString(" + 0; - 0", CultureInfo.InvariantCulture)})";

    private static string MemoryType(MemType mem) => mem switch
    {
        MemType.I8 => "m_i8",
        MemType.U8 => "m_u8",
        MemType.I16 => "m_i16",
        MemType.U16 => "m_u16",
        MemType.I32 or MemType.F32 => "m_u32",
        _ => "m_u64",
    };

    private void EmitLoad(Instruction i)
    {
        if (i.Type == IrType.Tuple)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"v{counter++}");
            names.Add(i, name);
            declarations.Append(CultureInfo.InvariantCulture, $"    uint{i.Count} {name};\n");
            Line($"{name} = vload{i.Count}(0, ({Space(i.Args[0])} const uint*){Place(i)});");
            return;
        }
        string loaded = $"*({Space(i.Args[0])} const {MemoryType(i.Mem)}*){Place(i)}";
        Line($"{Define(i)} = {i.Mem switch
        {
            MemType.F32 => $"as_float({loaded})",
            MemType.F64 => $"as_double({loaded})",
            MemType.I8 or MemType.I16 => $"(uint)(int){loaded}",
            _ => loaded,
        }};");
    }

    private void EmitStore(Instruction i)
    {
        if (i.Count > 1)
        {
            string[] parts = [.. i.Args[1..].Select(Raw)];
            Line($"vstore{i.Count}((uint{i.Count})({string.Join(", ", parts)}), 0, ({Space(i.Args[0])} uint*){Place(i)});");
            return;
        }
        string value = Raw(i.Args[1]);
        if (i.Mem.Size() < 4)
            value = $"({RawType(i.Mem)}){value}";
        Line($"*({Space(i.Args[0])} {MemoryType(i.Mem)}*){Place(i)} = {value};");
    }

    /// <summary>The bits of a value as an unsigned integer.</summary>
    private string Raw(Value value) => value.Type switch
    {
        IrType.F32 => $"as_uint({Use(value)})",
        IrType.F64 => $"as_ulong({Use(value)})",
        _ => Use(value),
    };

    private string AtomicCall(Instruction i)
    {
        bool wide = i.Type == IrType.I64;
        usesLongAtomics |= wide;
        AtomicKind kind = (AtomicKind)i.Kind;
        bool signed = i.Op == Op.Atomic && kind is AtomicKind.Min or AtomicKind.Max;
        string type = signed ? Signed(i.Type) : Unsigned(i.Type);
        string place = $"(volatile {Space(i.Args[0])} {type}*){Place(i)}";
        string prefix = wide ? "atom" : "atomic";
        if (i.Op == Op.AtomicCas)
            return $"{prefix}_cmpxchg({place}, {B(i)}, {Use(i.Args[2])})";
        string name = kind switch
        {
            AtomicKind.Add => "add",
            AtomicKind.Min or AtomicKind.MinU => "min",
            AtomicKind.Max or AtomicKind.MaxU => "max",
            AtomicKind.And => "and",
            AtomicKind.Or => "or",
            AtomicKind.Xor => "xor",
            _ => "xchg",
        };
        return $"({Unsigned(i.Type)}){prefix}_{name}({place}, {(signed ? SignedB(i) : B(i))})";
    }
}
