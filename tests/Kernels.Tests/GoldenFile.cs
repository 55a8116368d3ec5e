using System.Runtime.CompilerServices;
using System.Text.Json;

namespace GpuGrad.Kernels.Tests;

/// <summary>Numbers from an independent program, kept as JSON beside the tests; <c>tests/Support/oracle/golden.py</c> writes them.</summary>
internal static class GoldenFile
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
    };

    public static IReadOnlyList<T> Read<T>(string name)
    {
        using FileStream stream = File.OpenRead(Path.Combine(Folder(), $"{name}.json"));
        return JsonSerializer.Deserialize<T[]>(stream, Options)!;
    }

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Golden");
}

/// <summary>An operand: <c>real</c> or <c>int</c>.</summary>
public sealed record GoldenOperand(string Type, int[] Shape, double[] Values);

/// <summary>
/// An op's inputs and what comes of them: outputs in order, gradients by input where output 0 has the upstream gradient, and
/// inputs changed in place.
/// </summary>
public sealed record GoldenCase(
    string Name, GoldenOperand[] Inputs, double[][] Outputs, double[] Upstream, Dictionary<string, double[]> Gradients, Dictionary<string, double[]> Updated)
{
    public override string ToString() => Name;
}

/// <summary>An activation function at some points.</summary>
public sealed record GoldenActivation(string Name, double Parameter, double[] X, double[] Y, double[] Slope)
{
    public override string ToString() => $"{Name} {Parameter}";
}

/// <summary>Weights after each step with the gradients given.</summary>
public sealed record GoldenOptimizer(
    string Name, double Rate, double Decay, double Epsilon, double A, double B, double[] W, double[][] Gradients, double[][] Path);

/// <summary>A gradient before and after clipping by norm.</summary>
public sealed record GoldenClip(double Limit, double[] Gradient, double Norm, double[] Clipped);
