using ILGPU.Compiler.Ir;
using ILGPU.Runtime;

namespace ILGPU.Compiler.Frontend;

internal static partial class Intrinsics
{
    /// <summary>Where a thread is, barriers, shuffles, fences.</summary>
    private static void RegisterThreads()
    {
        foreach (SpecialRegister register in Enum.GetValues<SpecialRegister>().Where(r => r < SpecialRegister.LaneIdx))
        {
            // GroupIdxX is Group.IdxX, and so on.
            string name = register.ToString();
            bool group = name.StartsWith("Group", StringComparison.Ordinal);
            Register(group ? typeof(Group) : typeof(Grid), "get_" + name[(group ? 5 : 4)..], c => StackValue.Of(c.Builder.Special(register)));
        }
        Register(typeof(Group), nameof(Group.Barrier), static c => Effect(c, Op.Barrier));
        Register(typeof(Group), nameof(Group.BarrierPopCount), static c => Reduce(c, 0));
        Register(typeof(Group), nameof(Group.BarrierAnd), static c => Reduce(c, 1));
        Register(typeof(Group), nameof(Group.BarrierOr), static c => Reduce(c, 2));
        Register(typeof(Group), nameof(Group.Broadcast), static c => c.Builder.Invoke(
            typeof(DeviceLibrary).GetMethod(nameof(DeviceLibrary.Broadcast))!.MakeGenericMethod(c.GenericArguments), c.Arguments));

        Register(typeof(Warp), "get_WarpSize", static c => StackValue.Of(Constant.Int(c.Builder.Target.WarpSize)));
        Register(typeof(Warp), "get_LaneIdx", static c => StackValue.Of(c.Builder.Special(SpecialRegister.LaneIdx)));
        Register(typeof(Warp), nameof(Warp.ComputeWarpIdx), static c => c.Emit(Op.DivU, IrType.I32, c.Scalar(0), Constant.Int(c.Builder.Target.WarpSize)));
        Register(typeof(Warp), nameof(Warp.Barrier), static c => c.Builder.Target.WarpSize == 1 ? null : Effect(c, Op.WarpBarrier));
        RegisterShuffle(nameof(Warp.Shuffle), ShuffleKind.Index);
        RegisterShuffle(nameof(Warp.ShuffleDown), ShuffleKind.Down);
        RegisterShuffle(nameof(Warp.ShuffleUp), ShuffleKind.Up);
        RegisterShuffle(nameof(Warp.ShuffleXor), ShuffleKind.Xor);
        RegisterShuffle(nameof(Warp.Broadcast), ShuffleKind.Index);

        Register(typeof(MemoryFence), nameof(MemoryFence.GroupLevel), static c => Fence(c, FenceLevel.Group));
        Register(typeof(MemoryFence), nameof(MemoryFence.DeviceLevel), static c => Fence(c, FenceLevel.Device));
        Register(typeof(MemoryFence), nameof(MemoryFence.SystemLevel), static c => Fence(c, FenceLevel.System));
        Register(typeof(Accelerator), "get_CurrentType", static c => StackValue.Of(Constant.Int((int)c.Builder.Target.Type)));
    }

    private static StackValue? Effect(IntrinsicCall call, Op op)
    {
        call.Builder.Emit(op, IrType.Void);
        return null;
    }

    private static StackValue? Fence(IntrinsicCall call, FenceLevel level)
    {
        call.Builder.Emit(new Instruction(Op.Fence, IrType.Void) { Kind = (int)level });
        return null;
    }

    private static StackValue? Reduce(IntrinsicCall call, int kind)
    {
        Value predicate = call.Builder.Compare(Predicate.Ne, call.Scalar(0), Constant.Int(0));
        if (call.Builder.Target.Type == AcceleratorType.Cuda)
            return StackValue.Of(call.Builder.Emit(new Instruction(Op.BarrierReduce, IrType.I32, predicate) { Kind = kind }));
        string name = kind == 0 ? nameof(DeviceLibrary.BarrierPopCount) : kind == 1 ? nameof(DeviceLibrary.BarrierAnd) : nameof(DeviceLibrary.BarrierOr);
        return call.Builder.Invoke(typeof(DeviceLibrary).GetMethod(name)!, call.Arguments);
    }

    private static void RegisterShuffle(string name, ShuffleKind kind) => Register(typeof(Warp), name, c => Shuffle(c, kind));

    /// <summary>Each 32-bit piece of the value goes on its own.</summary>
    private static StackValue Shuffle(IntrinsicCall call, ShuffleKind kind)
    {
        Value width = call.Arguments.Length == 3 ? call.Scalar(2) : Constant.Int(call.Builder.Target.WarpSize);
        Value lane = call.Scalar(1);
        return StackValue.Of(call[0].Type, [.. call[0].Leaves.Select(Piece)]);

        Value Piece(Value leaf)
        {
            KernelBuilder b = call.Builder;
            switch (leaf.Type)
            {
                case IrType.I32:
                    return b.Emit(new Instruction(Op.Shuffle, IrType.I32, leaf, lane, width) { Kind = (int)kind, Aux = b.Where("Warp.Shuffle") });
                case IrType.F32:
                    return b.Emit(Op.Bitcast, IrType.F32, Piece(b.Emit(Op.Bitcast, IrType.I32, leaf)));
                case IrType.F64:
                    return b.Emit(Op.Bitcast, IrType.F64, Piece(b.Emit(Op.Bitcast, IrType.I64, leaf)));
                case IrType.I64:
                    Value low = Piece(b.Emit(Op.Trunc, IrType.I32, leaf));
                    Value high = Piece(b.Emit(Op.Trunc, IrType.I32, b.Emit(Op.ShrU, IrType.I64, leaf, Constant.Int(32))));
                    Value upper = b.Emit(Op.Shl, IrType.I64, b.Emit(Op.ZExt, IrType.I64, high), Constant.Int(32));
                    return b.Emit(Op.Or, IrType.I64, upper, b.Emit(Op.ZExt, IrType.I64, low));
                default:
                    throw new UnsupportedException($"a {IlMethod.TypeName(call[0].Type)} cannot be shuffled between lanes");
            }
        }
    }
}
