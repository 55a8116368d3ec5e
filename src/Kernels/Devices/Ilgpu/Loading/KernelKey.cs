using System.Reflection;
using System.Text;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Devices.Ilgpu.Loading;

/// <summary>A kernel that somebody wants: a method and how it is launched.</summary>
/// <param name="Method">Static, its type parameters filled in.</param>
/// <param name="Threads">Threads of a group; 0 for a kernel with an index, whose groups are the loader's choice.</param>
/// <param name="Resident">Groups that a CUDA multiprocessor must be able to hold, which bounds a thread's registers; 0 leaves them to the driver.</param>
internal readonly record struct KernelKey(MethodInfo Method, int Threads, int Resident = 0)
{
    public EntryPointDescription Entry => Threads == 0 ? EntryPointDescription.FromImplicitlyGroupedKernel(Method) : EntryPointDescription.FromExplicitlyGroupedKernel(Method);

    public KernelSpecialization Specialization => Threads == 0 ? KernelSpecialization.Empty : new KernelSpecialization(Threads, Resident == 0 ? null : Resident);

    /// <summary>The method with its types, as a person would write it.</summary>
    public string Name => $"{Written(Method.DeclaringType!)}.{Method.Name}{(Method.IsGenericMethod ? $"<{string.Join(", ", Method.GetGenericArguments().Select(Written))}>" : "")}";

    /// <summary>
    /// Everything that decides the kernel's text, for one target: the method, its types, and the builds of the assemblies that its
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
