using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Frontend;

/// <summary>
/// A value on the evaluation stack: the registers of its scalars. A reference is an address and a constant displacement, and
/// its type is what it refers to. A string or type token exists for the compiler only.
/// </summary>
internal sealed record StackValue
{
    private StackValue(Type type, Value[] leaves)
    {
        Type = type;
        Leaves = leaves;
    }

    /// <summary>The C# type; of a reference the type referred to.</summary>
    public Type Type { get; init; }
    public Value[] Leaves { get; }
    public bool IsReference { get; private init; }
    public long Displacement { get; private init; }
    public object? Literal { get; private init; }

    /// <summary>The one register of a number.</summary>
    public Value Scalar => Leaves.Length == 1 && !IsReference
        ? Leaves[0]
        : throw new UnsupportedException($"a {(IsReference ? "reference to " : "")}{IlMethod.TypeName(Type)} is used as a number");

    public static StackValue Of(Value value) => new(ClrType(value.Type), [value]);

    /// <summary>A value of a C# type, which may itself be a reference or pointer.</summary>
    public static StackValue Of(Type type, params Value[] leaves) =>
        type.IsByRef || type.IsPointer ? Reference(type.GetElementType()!, leaves[0]) : new StackValue(type, leaves);

    public static StackValue Reference(Type element, Value address, long displacement = 0) =>
        new(element, [address]) { IsReference = true, Displacement = displacement };

    public static StackValue Constant(object? literal) => new(literal?.GetType() ?? typeof(object), []) { Literal = literal ?? Null };

    /// <summary>The literal of ldnull and of a lambda's empty closure.</summary>
    public static readonly object Null = new();

    private static Type ClrType(IrType type) => type switch
    {
        IrType.I32 => typeof(int),
        IrType.I64 => typeof(long),
        IrType.F32 => typeof(float),
        IrType.F64 => typeof(double),
        _ => throw new InvalidOperationException($"No C# number type for {type}."),
    };
}
