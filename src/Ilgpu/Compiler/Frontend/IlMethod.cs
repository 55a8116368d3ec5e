using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;

namespace ILGPU.Compiler.Frontend;

/// <summary>One decoded instruction.</summary>
internal readonly record struct IlInstruction(int Offset, int Next, ILOpCode Code, long Integer, double Real, int[] Targets)
{
    public int Token => (int)Integer;
    public int Target => Targets[0];
}

/// <summary>
/// A method's IL, decoded. Reflection is the reader and not a metadata library: a kernel is a live delegate whose generic
/// arguments are closed runtime types, reflection resolves tokens in exactly that context, and sizes, field offsets and
/// the values of static readonly fields come from the same runtime that lays out the launch arguments.
/// </summary>
internal sealed class IlMethod
{
    private static readonly ConcurrentDictionary<MethodBase, IlMethod> Cache = new();
    private static readonly Dictionary<ushort, OpCode> OpCodeTable = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!)
        .ToDictionary(o => unchecked((ushort)o.Value));

    private readonly Type[]? typeArguments, methodArguments;

    private IlMethod(MethodBase method)
    {
        Method = method;
        MethodBody? body = method.GetMethodBody();
        if (body == null)
        {
            Instructions = [];
            LocalTypes = [];
            Leaders = [];
            WrittenArguments = [];
            return;
        }
        HasBody = true;
        HasHandlers = body.ExceptionHandlingClauses.Count > 0;
        LocalTypes = [.. body.LocalVariables.OrderBy(v => v.LocalIndex).Select(v => v.LocalType)];
        typeArguments = method.DeclaringType is { IsGenericType: true } t ? t.GetGenericArguments() : null;
        methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        Instructions = Decode(body.GetILAsByteArray()!);
        Leaders = FindLeaders();
        WrittenArguments = [.. Instructions.Where(i => i.Code is ILOpCode.Starg or ILOpCode.Starg_s or ILOpCode.Ldarga or ILOpCode.Ldarga_s)
            .Select(i => (int)i.Integer)];
        Returns = Instructions.Count(i => i.Code == ILOpCode.Ret);
    }

    public MethodBase Method { get; }
    public bool HasBody { get; }
    public bool HasHandlers { get; }
    public Type[] LocalTypes { get; }
    public List<IlInstruction> Instructions { get; }
    /// <summary>Offsets where a basic block begins.</summary>
    public HashSet<int> Leaders { get; }
    /// <summary>Arguments that are assigned or whose address is taken; the others can be bound to their values.</summary>
    public HashSet<int> WrittenArguments { get; }
    public int Returns { get; }

    public static IlMethod Of(MethodBase method) => Cache.GetOrAdd(method, m => new IlMethod(m));

    /// <summary>The operation at an offset, if one begins there.</summary>
    public ILOpCode? CodeAt(int offset)
    {
        int index = Instructions.FindIndex(i => i.Offset == offset);
        return index < 0 ? null : Instructions[index].Code;
    }

    public MethodBase ResolveMethod(int token) => Method.Module.ResolveMethod(token, typeArguments, methodArguments)!;
    public FieldInfo ResolveField(int token) => Method.Module.ResolveField(token, typeArguments, methodArguments)!;
    public Type ResolveType(int token) => Method.Module.ResolveType(token, typeArguments, methodArguments);
    public MemberInfo ResolveMember(int token) => Method.Module.ResolveMember(token, typeArguments, methodArguments)!;
    public string ResolveString(int token) => Method.Module.ResolveString(token);

    public static string NameOf(MethodBase method)
    {
        string name = method.DeclaringType == null ? method.Name : $"{TypeName(method.DeclaringType)}.{method.Name}";
        return method.IsGenericMethod ? $"{name}<{string.Join(", ", method.GetGenericArguments().Select(TypeName))}>" : name;
    }

    public static string TypeName(Type type)
    {
        if (!type.IsGenericType)
            return type.Name;
        int tick = type.Name.IndexOf('`', StringComparison.Ordinal);
        string arguments = string.Join(", ", type.GetGenericArguments().Select(TypeName));
        return $"{(tick < 0 ? type.Name : type.Name[..tick])}<{arguments}>";
    }

    private static List<IlInstruction> Decode(byte[] il)
    {
        List<IlInstruction> result = [];
        for (int at = 0; at < il.Length;)
        {
            int offset = at;
            ushort code = il[at++];
            if (code == 0xFE)
                code = (ushort)(0xFE00 | il[at++]);
            long integer = 0;
            double real = 0;
            int[] targets = [];
            switch (OpCodeTable[code].OperandType)
            {
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget:
                    targets = [at + 1 + (sbyte)il[at]];
                    at += 1;
                    break;
                case OperandType.InlineBrTarget:
                    targets = [at + 4 + BitConverter.ToInt32(il, at)];
                    at += 4;
                    break;
                case OperandType.InlineSwitch:
                    targets = ReadSwitch(il, ref at);
                    break;
                case OperandType.ShortInlineI when code == (ushort)ILOpCode.Ldc_i4_s:
                    integer = (sbyte)il[at++];
                    break;
                case OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    integer = il[at++];
                    break;
                case OperandType.InlineVar:
                    integer = BitConverter.ToUInt16(il, at);
                    at += 2;
                    break;
                case OperandType.InlineI8:
                    integer = BitConverter.ToInt64(il, at);
                    at += 8;
                    break;
                case OperandType.InlineR:
                    real = BitConverter.ToDouble(il, at);
                    at += 8;
                    break;
                case OperandType.ShortInlineR:
                    real = BitConverter.ToSingle(il, at);
                    integer = BitConverter.ToInt32(il, at);
                    at += 4;
                    break;
                default:
                    integer = BitConverter.ToInt32(il, at);
                    at += 4;
                    break;
            }
            result.Add(new IlInstruction(offset, at, (ILOpCode)code, integer, real, targets));
        }
        return result;
    }

    private static int[] ReadSwitch(byte[] il, ref int at)
    {
        int count = BitConverter.ToInt32(il, at);
        int origin = at + 4 + 4 * count;
        int[] targets = new int[count];
        for (int i = 0; i < count; i++)
            targets[i] = origin + BitConverter.ToInt32(il, at + 4 + 4 * i);
        at = origin;
        return targets;
    }

    private HashSet<int> FindLeaders()
    {
        HashSet<int> leaders = [0];
        foreach (IlInstruction instruction in Instructions)
        {
            leaders.UnionWith(instruction.Targets);
            if (instruction.Targets.Length > 0 || instruction.Code is ILOpCode.Ret or ILOpCode.Throw or ILOpCode.Rethrow)
                leaders.Add(instruction.Next);
        }
        return leaders;
    }
}
