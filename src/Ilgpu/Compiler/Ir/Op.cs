namespace ILGPU.Compiler.Ir;

/// <summary>
/// The operations. Arithmetic is typed by its result; where integers differ by sign there is an operation with the suffix U.
/// </summary>
internal enum Op : byte
{
    // Arithmetic on I32, I64, F32, F64
    Add,
    Sub,
    Mul,
    Div,
    DivU,
    Rem,
    RemU,
    Neg,
    Abs,
    Min,
    MinU,
    Max,
    MaxU,
    /// <summary>The upper half of a product.</summary>
    MulHi,
    MulHiU,

    // Bits (And, Or, Xor, Not also on Bool)
    And,
    Or,
    Xor,
    Not,
    Shl,
    Shr,
    ShrU,
    PopCount,
    LeadingZeros,
    TrailingZeros,

    // Floats
    Fma,
    Sqrt,
    Floor,
    Ceiling,
    Truncate,
    RoundEven,
    CopySign,

    /// <summary>Comparison by <see cref="Instruction.Predicate"/>; result Bool.</summary>
    Compare,
    /// <summary>Condition ? first : second.</summary>
    Select,

    // Conversions
    BoolToInt,
    SExt8,
    SExt16,
    ZExt8,
    ZExt16,
    SExt,
    ZExt,
    Trunc,
    IntToFloat,
    UIntToFloat,
    /// <summary>Towards zero, saturating, NaN to 0, as .NET 9 and later do everywhere.</summary>
    FloatToInt,
    FloatToUInt,
    FloatToFloat,
    Bitcast,
    /// <summary>Low 16 bits of an I32 as a half, to F32, and back (round to nearest even, NaN quiet).</summary>
    HalfToFloat,
    FloatToHalf,

    // Memory
    /// <summary>base + index * Scale + Offset; the index is a signed I32 or an I64, or absent.</summary>
    Address,
    /// <summary>Loads <see cref="Instruction.Count"/> elements from args[0] + Offset; more than one gives a Tuple.</summary>
    Load,
    /// <summary>Stores args[1..] to args[0] + Offset.</summary>
    Store,
    /// <summary>Read-modify-write at args[0] + Offset with args[1]; the old value.</summary>
    Atomic,
    /// <summary>At args[0] + Offset: if it is args[1], put args[2]; the old value.</summary>
    AtomicCas,
    Extract,
    /// <summary>args[0] elements of Scale bytes; becomes a block of memory once the count is known to be constant.</summary>
    SharedAlloc,
    LocalAlloc,

    // Threads together
    Barrier,
    /// <summary>A barrier that counts, ands or ors the Bool of all threads; I32.</summary>
    BarrierReduce,
    WarpBarrier,
    /// <summary>args: value (I32), lane argument, width.</summary>
    Shuffle,
    Fence,

    /// <summary>PTX text; Aux is <see cref="AsmText"/>; Tuple of its outputs.</summary>
    Asm,
    Phi,
}

internal enum Predicate : byte
{
    Eq,
    /// <summary>On floats true for NaN.</summary>
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// <summary>The U forms: unsigned on integers, "or unordered" on floats.</summary>
    LtU,
    LeU,
    GtU,
    GeU,
}

internal enum AtomicKind : byte
{
    Add,
    Min,
    MinU,
    Max,
    MaxU,
    And,
    Or,
    Xor,
    Exchange,
}

internal enum FenceLevel : byte
{
    Group,
    Device,
    System,
}

internal static class Predicates
{
    public static Predicate Swapped(this Predicate p) => p switch
    {
        Predicate.Lt => Predicate.Gt,
        Predicate.Le => Predicate.Ge,
        Predicate.Gt => Predicate.Lt,
        Predicate.Ge => Predicate.Le,
        Predicate.LtU => Predicate.GtU,
        Predicate.LeU => Predicate.GeU,
        Predicate.GtU => Predicate.LtU,
        Predicate.GeU => Predicate.LeU,
        _ => p,
    };

    /// <summary>What holds where p does not. On floats the negation of an ordered comparison is the unordered opposite.</summary>
    public static Predicate Negated(this Predicate p, bool isFloat) => p switch
    {
        Predicate.Eq => Predicate.Ne,
        Predicate.Ne => Predicate.Eq,
        Predicate.Lt => isFloat ? Predicate.GeU : Predicate.Ge,
        Predicate.Le => isFloat ? Predicate.GtU : Predicate.Gt,
        Predicate.Gt => isFloat ? Predicate.LeU : Predicate.Le,
        Predicate.Ge => isFloat ? Predicate.LtU : Predicate.Lt,
        Predicate.LtU => isFloat ? Predicate.Ge : Predicate.GeU,
        Predicate.LeU => isFloat ? Predicate.Gt : Predicate.GtU,
        Predicate.GtU => isFloat ? Predicate.Le : Predicate.LeU,
        _ => isFloat ? Predicate.Lt : Predicate.LtU,
    };
}
