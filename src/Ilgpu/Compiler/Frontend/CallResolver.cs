using System.Reflection;

namespace ILGPU.Compiler.Frontend;

/// <summary>Which method a call through a type parameter really reaches.</summary>
internal static class CallResolver
{
    /// <summary>
    /// The implementation in <paramref name="target"/> of an interface's method, instance or static abstract, generic or not.
    /// A default implementation is the interface's own method.
    /// </summary>
    public static MethodBase Constrain(MethodBase method, Type target)
    {
        if (method.DeclaringType is not { IsInterface: true } @interface)
            return Override(method, target);
        InterfaceMapping map = target.GetInterfaceMap(@interface);
        MethodInfo wanted = Open((MethodInfo)method);
        for (int i = 0; i < map.InterfaceMethods.Length; i++)
        {
            if (!Open(map.InterfaceMethods[i]).Equals(wanted))
                continue;
            MethodInfo found = map.TargetMethods[i];
            return method.IsGenericMethod && found.IsGenericMethodDefinition ? found.MakeGenericMethod(method.GetGenericArguments()) : found;
        }
        throw new UnsupportedException($"{IlMethod.TypeName(target)} has no implementation of {IlMethod.NameOf(method)}");
    }

    /// <summary>An object's virtual method (Equals, GetHashCode) as the value type overrides it.</summary>
    private static MethodBase Override(MethodBase method, Type target)
    {
        Type[] parameters = [.. method.GetParameters().Select(p => p.ParameterType)];
        MethodInfo? found = target.GetMethod(method.Name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, parameters);
        return found is { DeclaringType: { } declaring } && declaring == target
            ? found
            : throw new UnsupportedException($"{IlMethod.NameOf(method)} on {IlMethod.TypeName(target)} is a virtual call on an object");
    }

    private static MethodInfo Open(MethodInfo method) => method.IsGenericMethod ? method.GetGenericMethodDefinition() : method;
}
