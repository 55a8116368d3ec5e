using System.Diagnostics;
using System.Reflection;
using GpuGrad.Tests.Support.Ptx;
using ILGPU;
using ILGPU.Bundled;

namespace GpuGrad.Ilgpu.Tests.Ptx;

/// <summary>Every kernel of this test project, for old and new devices, through the interpreter's checks and, where there is one, ptxas.</summary>
public sealed class PtxRoundTripTests
{
    private static List<MethodInfo> Kernels()
    {
        static bool IsArgument(Type type) => type.IsValueType && !type.IsByRefLike;
        return
        [
            .. typeof(PtxRoundTripTests).Assembly.GetTypes().Where(t => !t.IsGenericType && t != typeof(RefusalTests))
                .SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly))
                .Where(m => !m.IsGenericMethod && m.ReturnType == typeof(void) && m.GetParameters() is { Length: > 0 } p && p.All(q => IsArgument(q.ParameterType))
                    && p.Any(q => q.ParameterType.IsGenericType && q.ParameterType.GetGenericTypeDefinition() == typeof(ArrayView<>))),
        ];
    }

    private static IEnumerable<(string Name, int Target, string Text)> Texts()
    {
        foreach (MethodInfo kernel in Kernels())
        {
            foreach (int target in new[] { 50, 75, 80, 90, 120 })
            {
                string? text = Compile(kernel, target);
                if (text != null)
                    yield return ($"{kernel.DeclaringType!.Name}.{kernel.Name}", target, text);
            }
        }
    }

    private static string? Compile(MethodInfo kernel, int target)
    {
        try
        {
            Type[] types = [.. kernel.GetParameters().Select(p => p.ParameterType)];
            Delegate action = Delegate.CreateDelegate(System.Linq.Expressions.Expression.GetActionType(types), kernel);
            return KernelInspection.ToPtx(action, target);
        }
        catch (KernelRefusedException)
        {
            return null;
        }
    }

    [Fact]
    public void The_interpreter_takes_every_kernel_for_every_target()
    {
        int count = 0;
        foreach ((string name, int target, string text) in Texts())
        {
            try
            {
                // mma has fragments of newer devices; the rest is for all.
                PtxInterpreter.Verify(text);
            }
            catch (PtxSyntaxException e) when (target < 80 && text.Contains("mma.", StringComparison.Ordinal))
            {
                Messages.Has(e, "needs .target sm_80");
            }
            catch (PtxSyntaxException e)
            {
                Assert.Fail($"{name} for sm_{target}: {e.Message}");
            }
            count++;
        }
        Assert.True(count > 200, $"only {count} kernels");
    }

    [SkippableFact]
    public void Ptxas_takes_every_kernel_for_every_target()
    {
        string? ptxas = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(p => Path.Combine(p, "ptxas")).FirstOrDefault(File.Exists);
        if (ptxas == null && (Environment.GetEnvironmentVariable("GPUGRAD_REQUIRE") ?? "").Split(',').Contains("ptxas"))
            Assert.Fail("GPUGRAD_REQUIRE asks for ptxas, and it is not on PATH.");
        Skip.If(ptxas == null, "No ptxas on PATH.");
        string file = Path.GetTempFileName();
        try
        {
            foreach ((string name, int target, string text) in Texts().Where(t => t.Target is 75 or 80 or 90))
            {
                File.WriteAllText(file, text);
                ProcessStartInfo start = new(ptxas!, ["--gpu-name", $"sm_{target}", "--output-file", file + ".cubin", file]) { RedirectStandardError = true };
                using Process process = Process.Start(start)!;
                string errors = process.StandardError.ReadToEnd();
                process.WaitForExit();
                Assert.True(process.ExitCode == 0, $"{name} for sm_{target}: {errors}");
            }
        }
        finally
        {
            File.Delete(file);
            File.Delete(file + ".cubin");
        }
    }
}
