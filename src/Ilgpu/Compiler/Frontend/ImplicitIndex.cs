using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Frontend;

/// <summary>
/// The index of a thread of an implicitly grouped kernel. The launch is a line of groups over all elements (a grid's second
/// and third dimension are too short for some extents); the line is folded into the extent, X fastest.
/// </summary>
internal static class ImplicitIndex
{
    /// <summary>Builds the index from the extent; threads beyond it go to <paramref name="end"/>.</summary>
    public static StackValue Build(KernelBuilder b, StackValue extent, BasicBlock end)
    {
        bool isLong = extent.Leaves.Length > 0 && extent.Leaves[0].Type == IrType.I64;
        IrType type = isLong ? IrType.I64 : IrType.I32;
        if (!typeof(IIndex).IsAssignableFrom(extent.Type) && extent.Type != typeof(int) && extent.Type != typeof(long))
            throw new Bundled.KernelRefusedException($"The first parameter of an implicitly grouped kernel is an index, not {IlMethod.TypeName(extent.Type)}.");
        Value linear = Linear(b, isLong);
        Value total = extent.Leaves[0];
        foreach (Value leaf in extent.Leaves[1..])
            total = b.Emit(Op.Mul, type, total, leaf);
        b.ContinueIf(b.Compare(Predicate.Lt, linear, total), end);
        Value[] index = new Value[extent.Leaves.Length];
        for (int i = 0; i < index.Length - 1; i++)
        {
            index[i] = b.Emit(Op.RemU, type, linear, extent.Leaves[i]);
            linear = b.Emit(Op.DivU, type, linear, extent.Leaves[i]);
        }
        index[^1] = linear;
        return StackValue.Of(extent.Type, index);
    }

    private static Value Linear(KernelBuilder b, bool isLong)
    {
        Value grid = b.Special(SpecialRegister.GridIdxX), dim = b.Special(SpecialRegister.GroupDimX), idx = b.Special(SpecialRegister.GroupIdxX);
        if (!isLong)
            return b.Emit(Op.Add, IrType.I32, b.Emit(Op.Mul, IrType.I32, grid, dim), idx);
        Value first = b.Emit(Op.Mul, IrType.I64, b.Emit(Op.ZExt, IrType.I64, grid), b.Emit(Op.ZExt, IrType.I64, dim));
        return b.Emit(Op.Add, IrType.I64, first, b.Emit(Op.ZExt, IrType.I64, idx));
    }
}
