using System.Reflection;
using System.Text;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Devices.Ilgpu.Loading;

/// <summary>Identifies a kernel: a method and its launch configuration.</summary>
/// <param name="Method">A static method with all type parameters bound.</param>
/// <param name="Threads">Group size; 0 for a kernel over an index, whose group size the loader chooses.</param>
/// <param name="Resident">Groups that a CUDA multiprocessor must be able to hold, which limits a thread's registers; 0 for no limit.</param>
internal readonly record struct KernelKey(MethodInfo Method, int Threads, int Resident = 0)
{
    public EntryPointDescription Entry => Threads == 0 ? EntryPointDescription.FromImplicitlyGroupedKernel(Method) : EntryPointDescription.FromExplicitlyGroupedKernel(Method);

    public KernelSpecialization Specialization => Threads == 0 ? KernelSpecialization.Empty : new KernelSpecialization(Threads, Resident == 0 ? null : Resident);

    /// <summary>The method's name with its type arguments, in C# notation.</summary>
    public string Name => $"{Written(Method.DeclaringType!)}.{Method.Name}{(Method.IsGenericMethod ? $"<{string.Join(", ", Method.GetGenericArguments().Select(Written))}>" : "")}";

    /// <summary>
    /// Everything that the kernel's text depends on, for one target: the method, its type arguments, and the builds of the assemblies that its
    /// code can come from.
    /// </summary>
    public string Origin(string target)
    {
        SortedSet<string> builds = [Build(typeof(Context).Assembly), Build(typeof(KernelKey).Assembly)];
        AddBuilds(Method.DeclaringType!, builds);
        foreach (Type argument in Method.IsGenericMethod ? Method.GetGenericArguments() : [])
            AddBuilds(argument, builds);
        return $"{Method.DeclaringType!.AssemblyQualifiedName}|{Method}|{Written()}|{Threads}|{Resident}|{target}|{string.Join('|', builds)}";
    }

    private static string Build(Assembly assembly) => assembly.ManifestModule.ModuleVersionId.ToString("n");

    private static void AddBuilds(Type type, SortedSet<string> builds)
    {
        builds.Add(Build(type.Assembly));
        foreach (Type argument in type.GenericTypeArguments)
            AddBuilds(argument, builds);
    }

    private static string Written(Type type)
    {
        int generic = type.Name.IndexOf('`', StringComparison.Ordinal);
        string name = generic < 0 ? type.Name : type.Name[..generic];
        return type.IsGenericType ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Written))}>" : name;
    }

    // Two types may have the same name in different assemblies.
    private string Written()
    {
        var text = new StringBuilder();
        foreach (Type argument in Method.IsGenericMethod ? Method.GetGenericArguments() : [])
            text.Append(argument.AssemblyQualifiedName).Append('|');
        return text.ToString();
    }
}
