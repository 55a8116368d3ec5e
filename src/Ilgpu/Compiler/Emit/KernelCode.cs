using System.Reflection;
using System.Text;
using ILGPU.Compiler.Frontend;
using ILGPU.Compiler.Ir;
using ILGPU.Runtime;

namespace ILGPU.Compiler.Emit;

/// <summary>A kernel as text for a driver.</summary>
internal sealed record KernelCode(KernelFacts Facts, string Text)
{
    /// <summary>Whether the builds of the assemblies alone decide the text; the value of a static readonly field does too.</summary>
    public bool IsSettled { get; init; } = true;

    /// <summary>A C identifier from a kernel's name, so that profilers show what runs.</summary>
    public static string Identifier(string name)
    {
        StringBuilder text = new("k_");
        foreach (char c in name)
            text.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        return text.Length > 120 ? text.ToString(0, 120) : text.ToString();
    }
}

/// <summary>From a C# method to text.</summary>
internal static class KernelCompiler
{
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
        KernelCode code = target.Type == AcceleratorType.OpenCL
            ? OpenCL.OpenClEmitter.Emit(function, spaces)
            : Ptx.PtxEmitter.Emit(function, spaces, target, specialization, sizes);
        return code with { IsSettled = !function.ReadsStatics };
    }
}
