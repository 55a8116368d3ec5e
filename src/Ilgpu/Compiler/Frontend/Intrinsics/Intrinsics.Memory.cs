using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Frontend;

internal static partial class Intrinsics
{
    /// <summary>Atomics, shared and local memory.</summary>
    private static void RegisterMemory()
    {
        Register(typeof(SharedMemory), nameof(SharedMemory.Allocate), static c => c.Arguments.Length == 0
            ? StackValue.Reference(c.GenericArguments[0], Allocate(c, Op.SharedAlloc, Constant.Int(1)))
            : AllocateView(c, Op.SharedAlloc));
        Register(typeof(SharedMemory), nameof(SharedMemory.GetDynamic), DynamicShared);
        Register(typeof(LocalMemory), nameof(LocalMemory.Allocate), static c => AllocateView(c, Op.LocalAlloc));

        RegisterAtomic(nameof(Atomic.Add), AtomicKind.Add, AtomicKind.Add);
        RegisterAtomic(nameof(Atomic.Min), AtomicKind.Min, AtomicKind.MinU);
        RegisterAtomic(nameof(Atomic.Max), AtomicKind.Max, AtomicKind.MaxU);
        RegisterAtomic(nameof(Atomic.And), AtomicKind.And, AtomicKind.And);
        RegisterAtomic(nameof(Atomic.Or), AtomicKind.Or, AtomicKind.Or);
        RegisterAtomic(nameof(Atomic.Xor), AtomicKind.Xor, AtomicKind.Xor);
        RegisterAtomic(nameof(Atomic.Exchange), AtomicKind.Exchange, AtomicKind.Exchange);
        Register(typeof(Atomic), nameof(Atomic.CompareExchange), CompareExchange);
    }

    private static Value Allocate(IntrinsicCall call, Op op, Value extent)
    {
        DeviceLayout layout = DeviceLayout.Of(call.GenericArguments[0]);
        return call.Builder.Emit(new Instruction(op, IrType.Ptr, extent)
        {
            // 16 so that the block can be cast to any vector type.
            Scale = layout.Size,
            Aux = call.Builder.Where($"{call.Method.DeclaringType!.Name}.Allocate"),
        });
    }

    private static StackValue AllocateView(IntrinsicCall call, Op op)
    {
        Value extent = call.Scalar(0);
        return StackValue.Of(call.ReturnType, Allocate(call, op, extent), Long(call.Builder, extent));
    }

    private static StackValue DynamicShared(IntrinsicCall call)
    {
        Value bytes = call.Builder.Special(SpecialRegister.DynamicSharedBytes);
        Value length = call.Builder.Emit(Op.DivU, IrType.I32, bytes, Constant.Int(DeviceLayout.Of(call.GenericArguments[0]).Size));
        return StackValue.Of(call.ReturnType, call.Builder.DynamicShared(), Long(call.Builder, length));
    }

    private static void RegisterAtomic(string name, AtomicKind signed, AtomicKind unsigned) =>
        Register(typeof(Atomic), name, c => AtomicOperation(c, signed, unsigned));

    private static StackValue? AtomicOperation(IntrinsicCall call, AtomicKind signed, AtomicKind unsigned)
    {
        Type type = call[0].Type;
        bool native = type == typeof(int) || type == typeof(uint) || type == typeof(long) || type == typeof(ulong)
            || signed == AtomicKind.Add && call.Builder.Target.HasAtomicAdd(type);
        if (!native && signed == AtomicKind.Exchange && type != typeof(Index1D))
            return ExchangeBits(call);
        // What has no instruction is written in C#, as a loop around CompareExchange or a cast.
        if (!native)
            return call.Builder.InlineOwn(call.Method, call.Arguments);
        MemType mem = DeviceLayout.Of(type).Leaves[0].Mem;
        return StackValue.Of(type, call.Builder.Emit(new Instruction(Op.Atomic, mem.Register(), call[0].Leaves[0], call.Scalar(1))
        {
            Kind = (int)(type == typeof(uint) || type == typeof(ulong) ? unsigned : signed),
            Mem = mem,
            Offset = call[0].Displacement,
        }));
    }

    private static StackValue ExchangeBits(IntrinsicCall call)
    {
        (MemType mem, IrType bits, IrType type) = Bits(call[0].Type);
        Value old = call.Builder.Emit(new Instruction(Op.Atomic, bits, call[0].Leaves[0], call.Builder.Emit(Op.Bitcast, bits, call.Scalar(1)))
        {
            Kind = (int)AtomicKind.Exchange,
            Mem = mem,
            Offset = call[0].Displacement,
        });
        return call.Emit(Op.Bitcast, type, old);
    }

    private static StackValue? CompareExchange(IntrinsicCall call)
    {
        Type type = call[0].Type;
        if (type == typeof(Index1D))
            return call.Builder.InlineOwn(call.Method, call.Arguments);
        (MemType mem, IrType bits, IrType register) = Bits(type);
        bool cast = bits != register;
        Value old = call.Builder.Emit(new Instruction(Op.AtomicCas, bits, call[0].Leaves[0], Cast(call.Scalar(1)), Cast(call.Scalar(2)))
        {
            Mem = mem,
            Offset = call[0].Displacement,
        });
        return StackValue.Of(type, cast ? call.Builder.Emit(Op.Bitcast, register, old) : old);

        Value Cast(Value value) => cast ? call.Builder.Emit(Op.Bitcast, bits, value) : value;
    }

    private static (MemType Mem, IrType Bits, IrType Register) Bits(Type type) => DeviceLayout.Of(type).Leaves[0].Mem switch
    {
        MemType.I32 => (MemType.I32, IrType.I32, IrType.I32),
        MemType.F32 => (MemType.I32, IrType.I32, IrType.F32),
        MemType.I64 => (MemType.I64, IrType.I64, IrType.I64),
        MemType.F64 => (MemType.I64, IrType.I64, IrType.F64),
        _ => throw new UnsupportedException($"atomics on {IlMethod.TypeName(type)} do not exist"),
    };
}
