using System.Reflection.Metadata;
using ILGPU.Compiler.Ir;
using Constant = ILGPU.Compiler.Ir.Constant;

namespace ILGPU.Compiler.Frontend;

/// <summary>One IL instruction after the other.</summary>
internal sealed partial class KernelBuilder
{
    private Type? constrained;

    private void Translate(IlInstruction il)
    {
        if (TranslateConstant(il) || TranslateVariable(il) || TranslateArithmetic(il) || TranslateMemory(il) || TranslateBranch(il))
            return;
        switch (il.Code)
        {
            case ILOpCode.Nop or ILOpCode.Break or ILOpCode.Volatile or ILOpCode.Readonly or ILOpCode.Unaligned or ILOpCode.Tail:
                break;
            case ILOpCode.Dup:
                Push(stack[^1]);
                break;
            case ILOpCode.Pop:
                Pop();
                break;
            case ILOpCode.Constrained:
                constrained = frame.Method.ResolveType(il.Token);
                break;
            case ILOpCode.Call or ILOpCode.Callvirt:
                TranslateCall(frame.Method.ResolveMethod(il.Token), il.Code == ILOpCode.Callvirt);
                break;
            case ILOpCode.Newobj:
                TranslateNew(frame.Method.ResolveMethod(il.Token));
                break;
            case ILOpCode.Ret:
                TranslateReturn();
                break;
            case ILOpCode.Ldtoken:
                Push(StackValue.Constant(frame.Method.ResolveMember(il.Token)));
                break;
            case ILOpCode.Throw or ILOpCode.Rethrow:
                throw new UnsupportedException("it throws; a device has no exceptions");
            case ILOpCode.Box or ILOpCode.Unbox or ILOpCode.Unbox_any:
                throw new UnsupportedException($"it boxes a {IlMethod.TypeName(frame.Method.ResolveType(il.Token))}; a device has no objects");
            case ILOpCode.Newarr or ILOpCode.Ldlen:
                throw new UnsupportedException("it uses a managed array; use LocalMemory or SharedMemory");
            case ILOpCode.Localloc:
                throw new UnsupportedException("it uses stackalloc; use LocalMemory.Allocate");
            case ILOpCode.Ldftn or ILOpCode.Ldvirtftn or ILOpCode.Calli:
                throw new UnsupportedException("it uses a delegate or function pointer; pass a struct with a static abstract method as type argument");
            default:
                throw new UnsupportedException($"the instruction has no counterpart on a device");
        }
    }

    private bool TranslateConstant(IlInstruction il)
    {
        switch (il.Code)
        {
            case >= ILOpCode.Ldc_i4_m1 and <= ILOpCode.Ldc_i4_8:
                Push(Constant.Int((int)il.Code - (int)ILOpCode.Ldc_i4_0));
                return true;
            case ILOpCode.Ldc_i4 or ILOpCode.Ldc_i4_s:
                Push(Constant.Int((int)il.Integer));
                return true;
            case ILOpCode.Ldc_i8:
                Push(Constant.Long(il.Integer));
                return true;
            case ILOpCode.Ldc_r4:
                Push(new Constant(IrType.F32, (int)il.Integer));
                return true;
            case ILOpCode.Ldc_r8:
                Push(Constant.Float(il.Real));
                return true;
            case ILOpCode.Ldstr:
                Push(StackValue.Constant(frame.Method.ResolveString(il.Token)));
                return true;
            case ILOpCode.Ldnull:
                Push(StackValue.Constant(null));
                return true;
            case ILOpCode.Sizeof:
                Push(Constant.Int(DeviceLayout.Of(frame.Method.ResolveType(il.Token)).Size));
                return true;
            default:
                return false;
        }
    }

    private bool TranslateVariable(IlInstruction il)
    {
        switch (il.Code)
        {
            case >= ILOpCode.Ldarg_0 and <= ILOpCode.Ldarg_3:
                LoadArgument(il.Code - ILOpCode.Ldarg_0);
                return true;
            case ILOpCode.Ldarg or ILOpCode.Ldarg_s:
                LoadArgument((int)il.Integer);
                return true;
            case ILOpCode.Ldarga or ILOpCode.Ldarga_s:
                Push(frame.Arguments[il.Integer]);
                return true;
            case ILOpCode.Starg or ILOpCode.Starg_s:
                Store(frame.Arguments[il.Integer], Pop());
                return true;
            case >= ILOpCode.Ldloc_0 and <= ILOpCode.Ldloc_3:
                Push(Load(frame.Locals[il.Code - ILOpCode.Ldloc_0]));
                return true;
            case ILOpCode.Ldloc or ILOpCode.Ldloc_s:
                Push(Load(frame.Locals[il.Integer]));
                return true;
            case ILOpCode.Ldloca or ILOpCode.Ldloca_s:
                Push(frame.Locals[il.Integer]);
                return true;
            case >= ILOpCode.Stloc_0 and <= ILOpCode.Stloc_3:
                Store(frame.Locals[il.Code - ILOpCode.Stloc_0], Pop());
                return true;
            case ILOpCode.Stloc or ILOpCode.Stloc_s:
                Store(frame.Locals[il.Integer], Pop());
                return true;
            default:
                return false;
        }
    }

    private void LoadArgument(int index)
    {
        StackValue argument = frame.Arguments[index];
        Push(frame.Method.WrittenArguments.Contains(index) ? Load(argument) : argument);
    }

    private bool TranslateMemory(IlInstruction il)
    {
        if (IndirectType(il.Code) is { } scalar)
        {
            StackValue reference = PopReference();
            Push(il.Code == ILOpCode.Ldind_ref ? Load(reference) : Load(reference, scalar));
            return true;
        }
        switch (il.Code)
        {
            case ILOpCode.Stind_i1 or ILOpCode.Stind_i2 or ILOpCode.Stind_i4 or ILOpCode.Stind_i8 or ILOpCode.Stind_i
                or ILOpCode.Stind_r4 or ILOpCode.Stind_r8 or ILOpCode.Stind_ref:
                StackValue value = Pop();
                StackValue target = PopReference();
                Store(StoreType(il.Code) is { } narrow ? target with { Type = narrow } : target, value);
                return true;
            case ILOpCode.Ldobj:
                Push(Load(PopReference(), frame.Method.ResolveType(il.Token)));
                return true;
            case ILOpCode.Stobj:
                StackValue stored = Pop();
                Store(PopReference() with { Type = frame.Method.ResolveType(il.Token) }, stored);
                return true;
            case ILOpCode.Cpobj:
                StackValue source = PopReference();
                Store(PopReference(), Load(source, frame.Method.ResolveType(il.Token)));
                return true;
            case ILOpCode.Initobj:
                Type type = frame.Method.ResolveType(il.Token);
                Store(PopReference() with { Type = type }, Zero(type));
                return true;
            case ILOpCode.Ldfld:
                Push(LoadField(Pop(), frame.Method.ResolveField(il.Token)));
                return true;
            case ILOpCode.Ldflda:
                Push(FieldReference(PopReference(), frame.Method.ResolveField(il.Token)));
                return true;
            case ILOpCode.Stfld:
                StackValue fieldValue = Pop();
                Store(FieldReference(PopReference(), frame.Method.ResolveField(il.Token)), fieldValue);
                return true;
            case ILOpCode.Ldsfld:
                Push(LoadStatic(frame.Method.ResolveField(il.Token)));
                return true;
            case ILOpCode.Ldsflda:
                Push(Spill(LoadStatic(frame.Method.ResolveField(il.Token))));
                return true;
            case ILOpCode.Stsfld:
                throw new UnsupportedException($"it writes the static field '{frame.Method.ResolveField(il.Token).Name}'");
            default:
                return false;
        }
    }

    private StackValue PopReference()
    {
        StackValue value = Pop();
        if (value.IsReference)
            return value;
        if (value.Literal != null)
            throw new UnsupportedException("it uses an object; a device has none");
        return value.Leaves is [{ Type: IrType.Ptr or IrType.I64 } address] && value.Type.IsPrimitive
            ? StackValue.Reference(typeof(byte), address)
            : throw new UnsupportedException($"a {IlMethod.TypeName(value.Type)} is used as a reference");
    }

    private static Type? IndirectType(ILOpCode code) => code switch
    {
        ILOpCode.Ldind_i1 => typeof(sbyte),
        ILOpCode.Ldind_u1 => typeof(byte),
        ILOpCode.Ldind_i2 => typeof(short),
        ILOpCode.Ldind_u2 => typeof(ushort),
        ILOpCode.Ldind_i4 => typeof(int),
        ILOpCode.Ldind_u4 => typeof(uint),
        ILOpCode.Ldind_i8 => typeof(long),
        ILOpCode.Ldind_i => typeof(nint),
        ILOpCode.Ldind_r4 => typeof(float),
        ILOpCode.Ldind_r8 => typeof(double),
        ILOpCode.Ldind_ref => typeof(object),
        _ => null,
    };

    private static Type? StoreType(ILOpCode code) => code switch
    {
        ILOpCode.Stind_i1 => typeof(byte),
        ILOpCode.Stind_i2 => typeof(ushort),
        ILOpCode.Stind_i4 => typeof(int),
        ILOpCode.Stind_i8 => typeof(long),
        ILOpCode.Stind_r4 => typeof(float),
        ILOpCode.Stind_r8 => typeof(double),
        _ => null,
    };

    private bool TranslateBranch(IlInstruction il)
    {
        switch (il.Code)
        {
            case ILOpCode.Br or ILOpCode.Br_s:
                EndWithJump(il.Target);
                return true;
            case ILOpCode.Brtrue or ILOpCode.Brtrue_s:
                EndWithBranch(Truth(Pop()), il);
                return true;
            case ILOpCode.Brfalse or ILOpCode.Brfalse_s:
                EndWithBranch(Emit(Op.Not, IrType.Bool, Truth(Pop())), il);
                return true;
            case ILOpCode.Switch:
                TranslateSwitch(il);
                return true;
            case ILOpCode.Leave or ILOpCode.Leave_s:
                stack.Clear();
                EndWithJump(il.Target);
                return true;
        }
        if (BranchPredicate(il.Code) is not { } predicate)
            return false;
        StackValue b = Pop(), a = Pop();
        EndWithBranch(CompareStack(predicate, a, b), il);
        return true;
    }

    private Value Truth(StackValue value) => value.Literal == StackValue.Null
        ? Constant.Bool(false)
        : value.Literal != null ? Constant.Bool(true) : Compare(Predicate.Ne, value.Scalar, Constant.Zero(value.Scalar.Type));

    private void EndWithBranch(Value condition, IlInstruction il)
    {
        SaveStack(il.Target);
        SaveStack(il.Next);
        current.Branch(condition, frame.Blocks[il.Target], frame.Blocks[il.Next]);
    }

    private void TranslateSwitch(IlInstruction il)
    {
        Value value = Pop().Scalar;
        foreach (int target in il.Targets.Append(il.Next).Distinct())
            SaveStack(target);
        for (int i = 0; i < il.Targets.Length; i++)
        {
            BasicBlock next = function.NewBlock();
            current.Branch(Compare(Predicate.Eq, value, Constant.Int(i)), frame.Blocks[il.Targets[i]], next);
            current = next;
        }
        current.Jump(frame.Blocks[il.Next]);
    }

    private void TranslateReturn()
    {
        frame.HasReturned = true;
        if (ReturnType(frame.Method.Method) is var type && type != typeof(void))
        {
            StackValue value = Pop();
            if (frame.Method.Returns == 1)
                frame.Result = value.Literal != null || value.IsReference ? value : Convert(value, type);
            else
                Store(frame.Result ??= NewTemporary(type), value);
        }
        current.Jump(frame.Continuation!);
    }

    private static Predicate? BranchPredicate(ILOpCode code) => code switch
    {
        ILOpCode.Beq or ILOpCode.Beq_s => Predicate.Eq,
        ILOpCode.Bne_un or ILOpCode.Bne_un_s => Predicate.Ne,
        ILOpCode.Blt or ILOpCode.Blt_s => Predicate.Lt,
        ILOpCode.Ble or ILOpCode.Ble_s => Predicate.Le,
        ILOpCode.Bgt or ILOpCode.Bgt_s => Predicate.Gt,
        ILOpCode.Bge or ILOpCode.Bge_s => Predicate.Ge,
        ILOpCode.Blt_un or ILOpCode.Blt_un_s => Predicate.LtU,
        ILOpCode.Ble_un or ILOpCode.Ble_un_s => Predicate.LeU,
        ILOpCode.Bgt_un or ILOpCode.Bgt_un_s => Predicate.GtU,
        ILOpCode.Bge_un or ILOpCode.Bge_un_s => Predicate.GeU,
        _ => null,
    };
}
