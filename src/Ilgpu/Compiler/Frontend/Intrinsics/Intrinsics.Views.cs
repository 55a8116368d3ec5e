using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Frontend;

internal static partial class Intrinsics
{
    /// <summary>A view on a device is an address and a length; nothing is checked there (the emulated device checks).</summary>
    private static void RegisterViews()
    {
        Type view = typeof(ArrayView<>);
        Register(view, "get_Item", static c => Element(c, View(c), c.Scalar(1)));
        Register(view, "get_Length", static c => StackValue.Of(View(c).Leaves[1]));
        Register(typeof(ViewLength), nameof(ViewLength.ToInt), static c => c.Emit(Op.Trunc, IrType.I32, c.Scalar(0)));
        Register(view, "get_IsValid", static c => c.Emit(Op.BoolToInt, IrType.I32, c.Builder.Compare(Predicate.Gt, View(c).Leaves[1], Constant.Long(0))));
        Register(view, nameof(ArrayView<int>.SubView), static c => SubView(c, View(c)));
        Register(view, nameof(ArrayView<int>.Cast), static c => Cast(c, View(c)));
    }

    private static StackValue View(IntrinsicCall call) => call[0].IsReference ? call.Builder.Load(call[0]) : call[0];

    private static Type ElementOf(StackValue view) => view.Type.GetGenericArguments()[0];

    private static StackValue Element(IntrinsicCall call, StackValue view, Value index)
    {
        Type element = ElementOf(view);
        return StackValue.Reference(element, Offset(call.Builder, view, index, DeviceLayout.Of(element).Size));
    }

    private static Value Offset(KernelBuilder builder, StackValue view, Value index, int size) =>
        builder.Emit(new Instruction(Op.Address, IrType.Ptr, view.Leaves[0], index) { Scale = size });

    private static StackValue SubView(IntrinsicCall call, StackValue view)
    {
        KernelBuilder b = call.Builder;
        Value length = call.Arguments.Length == 3
            ? Long(b, call.Scalar(2))
            : b.Emit(Op.Sub, IrType.I64, view.Leaves[1], Long(b, call.Scalar(1)));
        return StackValue.Of(view.Type, Offset(b, view, call.Scalar(1), DeviceLayout.Of(ElementOf(view)).Size), length);
    }

    private static Value Long(KernelBuilder builder, Value value) => value.Type == IrType.I64 ? value : builder.Emit(Op.SExt, IrType.I64, value);

    private static StackValue Cast(IntrinsicCall call, StackValue view)
    {
        Type to = call.GenericArguments[0];
        int from = DeviceLayout.Of(ElementOf(view)).Size, size = DeviceLayout.Of(to).Size;
        Value length = view.Leaves[1];
        if (from != size)
        {
            Value bytes = call.Builder.Emit(Op.Mul, IrType.I64, length, Constant.Long(from));
            length = call.Builder.Emit(Op.Div, IrType.I64, bytes, Constant.Long(size));
        }
        return StackValue.Of(typeof(ArrayView<>).MakeGenericType(to), view.Leaves[0], length);
    }
}
