using System.Reflection;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>Version of GpuGrad.</summary>
public static class ProgramVersion
{
    /// <summary>E.g. <c>GpuGrad 0.1.0+1a2b3c4</c>, with the commit if the build knows it.</summary>
    public static string Text { get; } = "GpuGrad " + (typeof(ProgramVersion).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?");
}
