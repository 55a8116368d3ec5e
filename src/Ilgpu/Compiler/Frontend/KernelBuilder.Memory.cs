using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Frontend;

/// <summary>Variables, references, loads, stores, fields, constants of types.</summary>
internal sealed partial class KernelBuilder
{
    /// <summary>A local for a variable of the type, cleared as C# clears it; a reference to it.</summary>
    private StackValue NewVariable(Type type)
    {
        StackValue variable = NewTemporary(type);
        if (DeviceLayoutOrNull(type) != null)
            Store(variable, Zero(type));
        return variable;
    }

    public StackValue NewTemporary(Type type)
    {
        DeviceLayout? layout = DeviceLayoutOrNull(type);
        return StackValue.Reference(type, function.NewLocal(layout?.Size ?? 0, layout?.Alignment ?? 1));
    }

    /// <summary>A variable of a type that no device has is refused where it is used, not where it is declared.</summary>
    private static DeviceLayout? DeviceLayoutOrNull(Type type)
    {
        try
        {
            return DeviceLayout.Of(type);
        }
        catch (UnsupportedException)
        {
            return null;
        }
    }

    private StackValue Spill(StackValue value)
    {
        if (value.Literal != null)
            return value;
        StackValue variable = NewTemporary(value.IsReference ? value.Type.MakeByRefType() : value.Type);
        Store(variable, value);
        return variable;
    }

    public StackValue Load(StackValue reference) => reference.Literal != null ? reference : Load(reference, reference.Type);

    public StackValue Load(StackValue reference, Type type)
    {
        DeviceLayout layout = DeviceLayout.Of(type);
        if (DeviceLayout.VectorAlignment(type) > 1)
        {
            Value vector = Emit(new Instruction(Op.Load, IrType.Tuple, reference.Leaves[0])
            {
                Mem = layout.Leaves[0].Mem,
                Count = layout.Leaves.Length,
                Offset = reference.Displacement,
            });
            return StackValue.Of(type, [.. layout.Leaves.Select((l, i) => Emit(new Instruction(Op.Extract, l.Mem.Register(), vector) { Offset = i }))]);
        }
        return StackValue.Of(type, [.. layout.Leaves.Select(l => Emit(new Instruction(Op.Load, l.Mem.Register(), reference.Leaves[0])
        {
            Mem = l.Mem, Offset = reference.Displacement + l.Offset,
        }))]);
    }

    public void Store(StackValue reference, StackValue value)
    {
        Type type = reference.Type;
        DeviceLayout layout = DeviceLayout.Of(type);
        value = Convert(value, type);
        if (value.Leaves.Length != layout.Leaves.Length)
            throw new UnsupportedException($"a {IlMethod.TypeName(value.Type)} is stored as {IlMethod.TypeName(type)}");
        if (DeviceLayout.VectorAlignment(type) > 1)
        {
            Emit(new Instruction(Op.Store, IrType.Void, [reference.Leaves[0], .. value.Leaves])
            {
                Mem = layout.Leaves[0].Mem,
                Count = layout.Leaves.Length,
                Offset = reference.Displacement,
            });
            return;
        }
        for (int i = 0; i < layout.Leaves.Length; i++)
        {
            Emit(new Instruction(Op.Store, IrType.Void, reference.Leaves[0], value.Leaves[i])
            {
                Mem = layout.Leaves[i].Mem,
                Offset = reference.Displacement + layout.Leaves[i].Offset,
            });
        }
    }

    /// <summary>The value as the type it is assigned to: IL's stack has four number types, variables have more.</summary>
    private StackValue Convert(StackValue value, Type type)
    {
        if (value.Literal != null)
            throw new UnsupportedException($"an object ({IlMethod.TypeName(value.Type)}) is stored in a variable");
        if (value.IsReference)
        {
            return type.IsByRef || type.IsPointer || type == typeof(nint) || type == typeof(nuint)
                ? StackValue.Of(type, AddressOf(value))
                : throw new UnsupportedException($"a reference to {IlMethod.TypeName(value.Type)} is stored as {IlMethod.TypeName(type)}");
        }
        if (value.Leaves.Length != 1)
            return value;
        DeviceLayout layout = DeviceLayout.Of(type);
        if (layout.Leaves.Length != 1)
            return value;
        IrType wanted = layout.Leaves[0].Mem.Register();
        return value.Scalar.Type == wanted ? StackValue.Of(type, value.Leaves) : StackValue.Of(type, ConvertScalar(value.Scalar, wanted));
    }

    private Value ConvertScalar(Value value, IrType wanted) => (value.Type, wanted) switch
    {
        (IrType.I32, IrType.I64) => Emit(Op.SExt, wanted, value),
        (IrType.I64, IrType.I32) => Emit(Op.Trunc, wanted, value),
        (IrType.F32, IrType.F64) or (IrType.F64, IrType.F32) => Emit(Op.FloatToFloat, wanted, value),
        _ when value.Type == wanted => value,
        _ => throw new UnsupportedException($"a {value.Type} is used as {wanted}"),
    };

    /// <summary>The address of a reference as one register.</summary>
    public Value AddressOf(StackValue reference) => reference.Displacement == 0
        ? reference.Leaves[0]
        : Emit(new Instruction(Op.Address, IrType.Ptr, reference.Leaves[0]) { Offset = reference.Displacement });

    public static StackValue Zero(Type type) =>
        StackValue.Of(type, [.. DeviceLayout.Of(type).Leaves.Select(l => (Value)Constant.Zero(l.Mem.Register()))]);

    private StackValue FieldReference(StackValue reference, FieldInfo field)
    {
        (int offset, _, _) = DeviceLayout.Of(field.DeclaringType!).Field(field);
        return StackValue.Reference(field.FieldType, reference.Leaves[0], reference.Displacement + offset);
    }

    private StackValue LoadField(StackValue target, FieldInfo field)
    {
        if (target.Literal != null)
            throw new UnsupportedException($"it captures the variable '{field.Name}'; pass it as an argument");
        if (target.IsReference)
            return Load(FieldReference(target, field));
        (_, int first, int count) = DeviceLayout.Of(target.Type).Field(field);
        return StackValue.Of(field.FieldType, target.Leaves[first..(first + count)]);
    }

    private StackValue LoadStatic(FieldInfo field)
    {
        function.ReadsStatics = true;
        if (!field.IsInitOnly && !field.IsLiteral)
            throw new UnsupportedException($"the static field '{field.Name}' can change; make it readonly or const");
        RuntimeHelpers.RunClassConstructor(field.DeclaringType!.TypeHandle);
        return ConstantOf(field.FieldType, field.GetValue(null));
    }

    /// <summary>The constants a boxed value consists of.</summary>
    private static StackValue ConstantOf(Type type, object? value)
    {
        DeviceLayout layout = DeviceLayout.Of(type);
        ReadOnlySpan<byte> bytes = DeviceLayout.RawBytes(value!, layout.Size);
        Value[] leaves = new Value[layout.Leaves.Length];
        for (int i = 0; i < leaves.Length; i++)
            leaves[i] = ReadConstant(bytes[layout.Leaves[i].Offset..], layout.Leaves[i].Mem);
        return StackValue.Of(type, leaves);
    }

    private static Constant ReadConstant(ReadOnlySpan<byte> bytes, MemType mem) => mem switch
    {
        MemType.I8 => Constant.Int((sbyte)bytes[0]),
        MemType.U8 => Constant.Int(bytes[0]),
        MemType.I16 => Constant.Int(BitConverter.ToInt16(bytes)),
        MemType.U16 => Constant.Int(BitConverter.ToUInt16(bytes)),
        MemType.I32 => Constant.Int(BitConverter.ToInt32(bytes)),
        MemType.I64 => Constant.Long(BitConverter.ToInt64(bytes)),
        MemType.F32 => Constant.Float(BitConverter.ToSingle(bytes)),
        MemType.F64 => Constant.Float(BitConverter.ToDouble(bytes)),
        _ => throw new UnsupportedException("a constant holds a view"),
    };

    // ---- The stack across blocks ------------------------------------------------------------------------------------

    /// <summary>Ends the block; what is on the stack goes into the locals that the target takes it from.</summary>
    private void EndWithJump(int target)
    {
        SaveStack(target);
        current.Jump(frame.Blocks[target]);
    }

    private void SaveStack(int target)
    {
        if (!frame.EntryStacks.TryGetValue(target, out List<StackValue>? slots))
        {
            slots = [.. stack.Select(v => v.Literal != null ? v : NewTemporary(StackType(v)))];
            frame.EntryStacks.Add(target, slots);
        }
        if (slots.Count != stack.Count)
            throw new UnsupportedException("branches meet with stacks of different height");
        for (int i = 0; i < slots.Count; i++)
        {
            if (slots[i].Literal == null)
                Store(slots[i], stack[i]);
        }
    }

    /// <summary>A bool or a short is an int on the stack; the other branch may bring any int.</summary>
    private static Type StackType(StackValue value)
    {
        if (value.IsReference)
            return value.Type.MakeByRefType();
        if (value.Leaves.Length != 1 || !(value.Type.IsPrimitive || value.Type.IsEnum))
            return value.Type;
        return value.Leaves[0].Type switch
        {
            IrType.I32 => typeof(int),
            IrType.I64 => typeof(long),
            _ => value.Type,
        };
    }

    private void RestoreStack(int leader)
    {
        stack.Clear();
        if (frame.EntryStacks.TryGetValue(leader, out List<StackValue>? slots))
            stack.AddRange(slots.Select(Load));
    }
}
