using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU.Bundled;
using ILGPU.Compiler.Frontend;

namespace ILGPU.Runtime;

/// <summary>
/// What ILGPU demands of a kernel's parameters, so that no kernel loads here that ILGPU's packages would refuse. ILGPU keeps
/// arguments in types that it makes at run time, in the assembly <see cref="Context.RuntimeAssemblyName"/>: it must see
/// the types of all parameters. And a value must look the same to the host and to a device, which bool and char need not.
/// </summary>
internal static class KernelSignature
{
    private static readonly ConcurrentDictionary<Type, string?> Objections = new();
    private static readonly ConcurrentDictionary<Assembly, bool> Friends = new();

    public static void Check(MethodInfo kernel)
    {
        foreach (ParameterInfo parameter in kernel.GetParameters())
        {
            if (Objection(parameter.ParameterType) is { } reason)
                throw new KernelRefusedException($"Kernel '{kernel.Name}' cannot be loaded: its parameter '{parameter.Name}' {reason}.");
        }
    }

    /// <summary>Why a type can be that of no parameter, nor part of one; null where it can.</summary>
    public static string? Objection(Type type) => Objections.GetOrAdd(type, static t => Hidden(t) ?? Unlike(t) ?? OfParts(t));

    private static string? OfParts(Type type)
    {
        if (type.IsPrimitive || type.IsEnum)
            return null;
        IEnumerable<Type> parts = type.IsGenericType ? type.GetGenericArguments() : [];
        if (type.IsValueType && type.Assembly != typeof(Context).Assembly) // ILGPU's own types may keep what they like
            parts = parts.Concat(type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Select(f => f.FieldType));
        return parts.Select(Objection).FirstOrDefault(o => o != null);
    }

    private static string? Hidden(Type type)
    {
        for (Type? outer = type; outer != null; outer = outer.DeclaringType)
        {
            bool isInternal = outer.IsNotPublic || outer.IsNestedAssembly || outer.IsNestedFamORAssem;
            if (outer.IsPublic || outer.IsNestedPublic || isInternal && Friends.GetOrAdd(outer.Assembly, IsFriend))
                continue;
            return isInternal
                ? $"holds {IlMethod.TypeName(outer)}, which is internal to {outer.Assembly.GetName().Name}; give that assembly InternalsVisibleTo(\"{Context.RuntimeAssemblyName}\")"
                : $"holds {IlMethod.TypeName(outer)}, which is private; make it internal or public";
        }
        return null;
    }

    private static string? Unlike(Type type) => type == typeof(bool) || type == typeof(char)
        ? $"holds a {IlMethod.TypeName(type)}, which a device may keep in another number of bytes; use {(type == typeof(bool) ? "byte or int" : "ushort")}"
        : null;

    private static bool IsFriend(Assembly assembly) => assembly.GetCustomAttributes<InternalsVisibleToAttribute>()
        .Any(a => a.AssemblyName.Split(',')[0].Trim() == Context.RuntimeAssemblyName);
}
