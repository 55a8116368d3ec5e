using System.Collections.Concurrent;
using System.Numerics;
using System.Reflection;

namespace ILGPU.Compiler.Frontend;

/// <summary>
/// The methods that become operations instead of being inlined, by declaring type and name. To add one: register it in
/// the file of its family, with what it emits.
/// </summary>
internal static partial class Intrinsics
{
    private static readonly Dictionary<(Type, string), Intrinsic> Table = [];
    private static readonly ConcurrentDictionary<MethodBase, Intrinsic?> Found = new();

    static Intrinsics()
    {
        RegisterViews();
        RegisterThreads();
        RegisterMemory();
        RegisterMath();
        RegisterBits();
        RegisterTypes();
        RegisterAssembly();
    }

    public static Intrinsic? Find(MethodBase method) => Found.GetOrAdd(method, static m =>
        m.DeclaringType is { } type && Table.TryGetValue((type.IsGenericType ? type.GetGenericTypeDefinition() : type, m.Name), out Intrinsic? intrinsic)
            ? intrinsic
            : null);

    /// <summary>Class library methods whose own IL is nothing but arithmetic and field access.</summary>
    public static bool IsPlain(MethodBase method) =>
        method.DeclaringType is { } type && (
            type.FullName!.StartsWith("System.ValueTuple`", StringComparison.Ordinal) && method.IsConstructor
            || type == typeof(BitOperations) && method.Name is nameof(BitOperations.RotateLeft) or nameof(BitOperations.RotateRight));

    private static void Register(Type type, string name, Intrinsic intrinsic) => Table.Add((type, name), intrinsic);

    private static void Register(Type[] types, string name, Intrinsic intrinsic)
    {
        foreach (Type type in types)
            Register(type, name, intrinsic);
    }
}
