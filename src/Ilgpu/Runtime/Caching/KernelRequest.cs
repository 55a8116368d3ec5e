using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using ILGPU.Compiler.Frontend;

namespace ILGPU.Runtime.Caching;

/// <summary>A kernel that somebody wants: a method, how it is launched, and which of its arguments are compiled in.</summary>
internal sealed record KernelRequest(MethodInfo Method, KernelForm Form, KernelSpecialization Specialization, ConstantArguments Constants)
{
    private static readonly ConcurrentDictionary<Assembly, string> Sources = new();

    /// <summary>
    /// The kernel by name: what it is called, for which types and values. Two builds of a program give it the same name, so that
    /// the newer one's entry takes the place of the older one's.
    /// </summary>
    public string Name
    {
        get
        {
            StringBuilder name = new();
            name.Append(Method.DeclaringType?.AssemblyQualifiedName).Append('.').Append(Method);
            foreach (Type argument in Arguments)
                name.Append('|').Append(argument.AssemblyQualifiedName);
            name.Append('|').Append(Form).Append('|').Append(Specialization.MaxNumThreadsPerGroup).Append('|').Append(Specialization.MinNumGroupsPerMultiprocessor);
            foreach ((int index, object value) in Constants.Values.OrderBy(v => v.Key))
            {
                ReadOnlySpan<byte> bytes = DeviceLayout.RawBytes(value, DeviceLayout.Of(value.GetType()).Size);
                name.Append('|').Append(index).Append('=').Append(Convert.ToHexString(bytes));
            }
            return name.ToString();
        }
    }

    /// <summary>
    /// The builds that the kernel's code can come from: of this compiler, of the assemblies that the method and its types are
    /// in, and of everything that those refer to. A method that the kernel calls cannot change without one of them.
    /// </summary>
    public string Source
    {
        get
        {
            SortedSet<string> builds = [Of(typeof(KernelRequest).Assembly), Of(Method.Module.Assembly)];
            foreach (Type type in Arguments.Concat(Method.DeclaringType?.GenericTypeArguments ?? []))
                AddBuilds(type, builds);
            return string.Join('|', builds);
        }
    }

    private Type[] Arguments => Method.IsGenericMethod ? Method.GetGenericArguments() : [];

    private static void AddBuilds(Type type, SortedSet<string> builds)
    {
        builds.Add(Of(type.Assembly));
        foreach (Type argument in type.GenericTypeArguments)
            AddBuilds(argument, builds);
    }

    private static string Of(Assembly assembly) => Sources.GetOrAdd(assembly, static root =>
    {
        SortedSet<string> builds = [];
        HashSet<Assembly> seen = [root];
        Stack<Assembly> open = new(seen);
        while (open.TryPop(out Assembly? next))
        {
            builds.Add(next.ManifestModule.ModuleVersionId.ToString("n"));
            foreach (AssemblyName reference in next.GetReferencedAssemblies())
            {
                if (Find(next, reference) is { } found && seen.Add(found))
                    open.Push(found);
            }
        }
        return string.Join(',', builds);
    });

    // Of the class library kernels use what is in its core alone, and that is among the references of every assembly.
    private static Assembly? Find(Assembly from, AssemblyName name)
    {
        if (name.Name is "netstandard" or "mscorlib" || name.Name!.StartsWith("System.", StringComparison.Ordinal))
            return typeof(object).Assembly;
        try
        {
            return (AssemblyLoadContext.GetLoadContext(from) ?? AssemblyLoadContext.Default).LoadFromAssemblyName(name);
        }
        catch (Exception e) when (e is IOException or BadImageFormatException)
        {
            return null; // no kernel can call what cannot be loaded
        }
    }
}
