using System.Runtime.CompilerServices;
using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Frontend;

internal static partial class Intrinsics
{
    /// <summary>Casts of references, and types as compile-time values.</summary>
    private static void RegisterTypes()
    {
        Type unsafeType = typeof(Unsafe);
        Register(unsafeType, nameof(Unsafe.SizeOf), static c => StackValue.Of(Constant.Int(DeviceLayout.Of(c.GenericArguments[0]).Size)));
        Register(unsafeType, nameof(Unsafe.As), static c => c.GenericArguments is [_, var to]
            ? c[0] with { Type = to }
            : throw new UnsupportedException("it casts an object; a device has none"));
        Register(unsafeType, nameof(Unsafe.AsRef), static c => c[0] with { Type = c.GenericArguments[0] });
        Register(unsafeType, nameof(Unsafe.SkipInit), static _ => null);
        Register(unsafeType, nameof(Unsafe.Add), static c => StackValue.Reference(c[0].Type, c.Builder.Emit(
            new Instruction(Op.Address, IrType.Ptr, c.Builder.AddressOf(c[0]), c.Scalar(1)) { Scale = DeviceLayout.Of(c.GenericArguments[0]).Size })));
        Register(unsafeType, nameof(Unsafe.BitCast), BitCast);

        Register(typeof(Type), nameof(Type.GetTypeFromHandle), static c => c[0]);
        Register(typeof(Type), "op_Equality", static c => StackValue.Of(Constant.Int(Equals(c[0].Literal, c[1].Literal) ? 1 : 0)));
        Register(typeof(Type), "op_Inequality", static c => StackValue.Of(Constant.Int(Equals(c[0].Literal, c[1].Literal) ? 0 : 1)));
    }

    /// <summary>Through memory, which promotion then removes.</summary>
    private static StackValue BitCast(IntrinsicCall call)
    {
        StackValue memory = call.Builder.NewTemporary(call.GenericArguments[0]);
        call.Builder.Store(memory, call[0]);
        return call.Builder.Load(memory, call.GenericArguments[1]);
    }
}
