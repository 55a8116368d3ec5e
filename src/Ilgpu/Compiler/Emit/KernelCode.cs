using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using ILGPU.Compiler.Frontend;
using ILGPU.Compiler.Ir;
using ILGPU.Runtime;

namespace ILGPU.Compiler.Emit;

/// <summary>A kernel as text for a driver.</summary>
internal sealed record KernelCode(string Name, string Entry, string Text)
{
    /// <summary>Bytes of statically allocated shared memory.</summary>
    public int SharedBytes { get; init; }
    /// <summary>Bytes of local memory a thread (0 where promotion put everything into registers).</summary>
    public int LocalBytes { get; init; }
    /// <summary>OpenCL: what to set as which kernel argument.</summary>
    public ArgumentSlot[] Slots { get; init; } = [];
    public bool UsesDoubles { get; init; }
    public bool UsesDynamicShared { get; init; }

    /// <summary>Identifies the text: the name of its cache entry.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)))[..32];

    /// <summary>A C identifier from a kernel's name, so that profilers show what runs.</summary>
    public static string Identifier(string name)
    {
        StringBuilder text = new("k_");
        foreach (char c in name)
            text.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        return text.Length > 120 ? text.ToString(0, 120) : text.ToString();
    }
}

/// <summary>One OpenCL kernel argument: a piece of a C# argument.</summary>
internal readonly record struct ArgumentSlot(int Parameter, int Offset, int Size, bool IsBuffer);

/// <summary>From a C# method to text.</summary>
internal static class KernelCompiler
{
    /// <summary>Changes whenever the same kernel gives other text, so that caches of binaries notice.</summary>
    public const int Version = 1;

    public static Function Optimize(MethodInfo method, KernelForm form, CompileTarget target, IReadOnlyDictionary<int, object>? constants,
        out Optimize.AddressSpaces spaces)
    {
        Function function = KernelBuilder.Build(method, form, target, constants);
        spaces = Compiler.Optimize.Pipeline.Run(function);
        EdgeCopies.SplitCriticalEdges(function);
        return function;
    }

    public static KernelCode Compile(MethodInfo method, KernelForm form, CompileTarget target, KernelSpecialization specialization,
        IReadOnlyDictionary<int, object>? constants = null)
    {
        Function function = Optimize(method, form, target, constants, out Optimize.AddressSpaces spaces);
        int[] sizes = [.. method.GetParameters().Select(p => DeviceLayout.Of(p.ParameterType).Size)];
        return target.Type == AcceleratorType.OpenCL
            ? OpenCL.OpenClEmitter.Emit(function, spaces)
            : Ptx.PtxEmitter.Emit(function, spaces, target, specialization, sizes);
    }
}
