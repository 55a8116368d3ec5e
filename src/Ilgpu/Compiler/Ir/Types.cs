namespace ILGPU.Compiler.Ir;

/// <summary>What a virtual register holds. Integers have no sign: operations do.</summary>
internal enum IrType : byte
{
    Void,
    Bool,
    I32,
    I64,
    F32,
    F64,
    /// <summary>An address; its space is inferred from where it comes from.</summary>
    Ptr,
    /// <summary>The result of a vector load or of inline assembly: its parts are taken out by <see cref="Op.Extract"/>.</summary>
    Tuple,
}

/// <summary>What a place in memory holds. Narrow integers widen to I32 on loading.</summary>
internal enum MemType : byte
{
    I8,
    U8,
    I16,
    U16,
    I32,
    I64,
    F32,
    F64,
    Ptr,
}

internal enum AddressSpace : byte
{
    Unknown,
    Global,
    Shared,
    Local,
}

internal static class MemTypes
{
    public static int Size(this MemType type) => type switch
    {
        MemType.I8 or MemType.U8 => 1,
        MemType.I16 or MemType.U16 => 2,
        MemType.I32 or MemType.F32 => 4,
        _ => 8,
    };

    /// <summary>The register type a load of this gives.</summary>
    public static IrType Register(this MemType type) => type switch
    {
        MemType.I64 => IrType.I64,
        MemType.F32 => IrType.F32,
        MemType.F64 => IrType.F64,
        MemType.Ptr => IrType.Ptr,
        _ => IrType.I32,
    };

    public static bool IsFloat(this IrType type) => type is IrType.F32 or IrType.F64;
}
