using System.Reflection;
using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Frontend;

/// <summary>Calls: intrinsics become operations, everything else is inlined.</summary>
internal sealed partial class KernelBuilder
{
    private void TranslateCall(MethodBase method, bool isVirtual)
    {
        Type? target = constrained;
        constrained = null;
        StackValue[] arguments = PopArguments(method, method.IsStatic ? 0 : 1);
        if (target != null)
            method = CallResolver.Constrain(method, target);
        else if (isVirtual && method is { IsVirtual: true, IsFinal: false, DeclaringType.IsValueType: false })
            throw new UnsupportedException($"{IlMethod.NameOf(method)} is a virtual call; a device has none");
        if (Invoke(method, arguments) is { } result)
            Push(result);
    }

    /// <summary>Emits a call of a method with these arguments; null where it returns nothing.</summary>
    public StackValue? Invoke(MethodBase method, params StackValue[] arguments)
    {
        if (Intrinsics.Find(method) is { } intrinsic)
            return intrinsic(new IntrinsicCall(this, method, arguments));
        Refuse(method);
        Inline(IlMethod.Of(method), arguments, out StackValue? result);
        return ReturnType(method) == typeof(void) ? null : result;
    }

    private StackValue[] PopArguments(MethodBase method, int implicitThis)
    {
        ParameterInfo[] parameters = method.GetParameters();
        StackValue[] arguments = new StackValue[parameters.Length + implicitThis];
        for (int i = arguments.Length - 1; i >= 0; i--)
        {
            StackValue value = Pop();
            arguments[i] = i < implicitThis ? value : Argument(value, parameters[i - implicitThis].ParameterType);
        }
        return arguments;
    }

    /// <summary>Numbers as the parameter declares them; objects (strings, types) as they are, for the intrinsics to look at.</summary>
    private StackValue Argument(StackValue value, Type type) =>
        value.Literal != null || value.IsReference || type.IsByRef || type.IsPointer ? value : Convert(value, type);

    private void TranslateNew(MethodBase constructor)
    {
        Type type = constructor.DeclaringType!;
        if (typeof(Exception).IsAssignableFrom(type))
            throw new UnsupportedException($"it throws {IlMethod.TypeName(type)}; a device has no exceptions");
        if (!type.IsValueType)
            throw new UnsupportedException($"it creates an object of class {IlMethod.TypeName(type)}; a device has no heap");
        StackValue[] arguments = PopArguments(constructor, 0);
        if (Intrinsics.Find(constructor) is { } intrinsic)
        {
            Push(intrinsic(new IntrinsicCall(this, constructor, arguments))!);
            return;
        }
        Refuse(constructor);
        StackValue target = NewVariable(type);
        Inline(IlMethod.Of(constructor), [target, .. arguments], out _);
        Push(Load(target));
    }

    /// <summary>Methods of the class library compile only where they are known to (intrinsics) or are plain arithmetic.</summary>
    private static void Refuse(MethodBase method)
    {
        Type? type = method.DeclaringType;
        if (method.DeclaringType is { IsInterface: true } && method.IsAbstract)
            throw new UnsupportedException($"{IlMethod.NameOf(method)} is an interface call on an object; call it through a struct type parameter");
        if (type?.Namespace?.StartsWith("System", StringComparison.Ordinal) != true || Intrinsics.IsPlain(method))
            return;
        throw new UnsupportedException($"{IlMethod.NameOf(method)} is not available in kernels{Hint(type)}");
    }

    private static string Hint(Type type) => type == typeof(Math)
        ? " (functions of double that are more than an instruction run on the host only)"
        : type == typeof(string) || type == typeof(Console) || type.Namespace == "System.Runtime.CompilerServices" && type.Name.Contains("String", StringComparison.Ordinal)
            ? "; a device has no strings"
            : "";
}

/// <summary>A call that an intrinsic replaces.</summary>
internal sealed record IntrinsicCall(KernelBuilder Builder, MethodBase Method, StackValue[] Arguments)
{
    public StackValue this[int index] => Arguments[index];

    public Value Scalar(int index) => Arguments[index].Scalar;

    public Type[] GenericArguments => Method.GetGenericArguments();

    public Type ReturnType => ((MethodInfo)Method).ReturnType;

    public Type ParameterType(int index) => Method.GetParameters()[index].ParameterType;

    public StackValue Emit(Op op, IrType type, params Value[] args) => StackValue.Of(Builder.Emit(op, type, args));
}

internal delegate StackValue? Intrinsic(IntrinsicCall call);
