using System.Globalization;
using System.Text;

namespace GpuGrad.Ilgpu.Tests.Generation;

/// <summary>
/// Writes the two families of sources that differ in the number of type arguments only: the kernel launchers and loaders
/// for 1 to 14 arguments, and CudaAsm's overloads. A test compares the committed files with what this writes.
/// </summary>
internal static class LauncherSource
{
    private const int MaxArguments = 14;
    private const int MaxEmit = 10;
    private const int MaxEmitRef = 20;
    private const string Header = "// Written by tests/Ilgpu.Tests/Generation/LauncherSource.cs; change that instead.\n";

    public static IEnumerable<(string Path, string Text)> Files =>
    [
        ("src/Ilgpu/Runtime/KernelLaunchers.Generated.cs", Launchers()),
        ("src/Ilgpu/Runtime/KernelLoaders.Generated.cs", Loaders()),
        ("src/Ilgpu/Runtime/Cuda/CudaAsm.Generated.cs", Assembly()),
    ];

    private static string Join(int count, Func<int, string> item, string separator = ", ") =>
        string.Join(separator, Enumerable.Range(1, count).Select(item));

    private static string Launchers()
    {
        StringBuilder text = new(Header);
        text.Append("using System.Runtime.CompilerServices;\nusing ILGPU.Compiler.Frontend;\n\nnamespace ILGPU.Runtime;\n");
        for (int n = 1; n <= MaxArguments; n++)
        {
            string types = Join(n, i => $"T{i}"), where = Join(n, i => $"where T{i} : struct", " ");
            string parameters = Join(n, i => $"T{i} arg{i}"), arguments = Join(n, i => $"arg{i}");
            string fields = Join(n, i => $"    private T{i} a{i};\n", ""), values = Join(n, i => $"a{i}");
            string store = Join(n, i => $"            a{i} = arg{i};\n", ""), pointers = Join(n, i => $"Unsafe.AsPointer(ref arg{i})");
            text.Append(CultureInfo.InvariantCulture, $$"""

                internal sealed unsafe class ExplicitLauncher<{{types}}>(Accelerator accelerator, Action<{{types}}> kernel, KernelSpecialization specialization)
                    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
                    {{where}}
                {
                    private readonly Lock gate = new();
                {{fields}}
                    public override void Invoke() => kernel({{values}});

                    public void Launch(KernelConfig config, {{parameters}}) => Launch(Accelerator.DefaultStream, config, {{arguments}});

                    public void Launch(AcceleratorStream stream, KernelConfig config, {{parameters}})
                    {
                        void** arguments = stackalloc void*[] { {{pointers}} };
                        if (!IsEmulated)
                        {
                            LaunchNative(stream, config, arguments);
                            return;
                        }
                        lock (gate)
                        {
                {{store}}            LaunchEmulated(stream, config, arguments);
                        }
                    }
                }

                internal sealed unsafe class ImplicitLauncher<TIndex, {{types}}>(Accelerator accelerator, Action<TIndex, {{types}}> kernel, int groupSize)
                    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
                    where TIndex : struct, IIndex {{where}}
                {
                    private readonly Lock gate = new();
                    private TIndex range;
                {{fields}}
                    public override void Invoke()
                    {
                        if (TryGetIndex(range, out TIndex index))
                            kernel(index, {{values}});
                    }

                    public void Launch(TIndex extent, {{parameters}}) => Launch(Accelerator.DefaultStream, extent, {{arguments}});

                    public void Launch(AcceleratorStream stream, TIndex extent, {{parameters}})
                    {
                        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
                            return;
                        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), {{pointers}} };
                        if (!IsEmulated)
                        {
                            LaunchNative(stream, config, arguments);
                            return;
                        }
                        lock (gate)
                        {
                            range = extent;
                {{store}}            LaunchEmulated(stream, config, arguments);
                        }
                    }
                }

                """);
        }
        return text.ToString();
    }

    private static string Loaders()
    {
        StringBuilder text = new(Header);
        text.Append("""

            namespace ILGPU.Runtime;

            /// <summary>
            /// Compile a kernel for a device and return a delegate that launches it: with grid and group of each launch (LoadKernel), or
            /// over an extent, in groups of a given size or of one that suits the device. The stream variants use the default stream.
            /// </summary>
            public static class KernelLoaders
            {
            """);
        for (int n = 1; n <= MaxArguments; n++)
        {
            string types = Join(n, i => $"T{i}"), where = Join(n, i => $"where T{i} : struct", " ");
            text.Append(CultureInfo.InvariantCulture, $$"""

                    public static Action<AcceleratorStream, KernelConfig, {{types}}> LoadKernel<{{types}}>(this Accelerator accelerator, Action<{{types}}> action)
                        {{where}} => new ExplicitLauncher<{{types}}>(accelerator, action, default).Launch;

                    public static Action<KernelConfig, {{types}}> LoadStreamKernel<{{types}}>(this Accelerator accelerator, Action<{{types}}> action)
                        {{where}} => new ExplicitLauncher<{{types}}>(accelerator, action, default).Launch;

                    public static Action<AcceleratorStream, KernelConfig, {{types}}> LoadKernel<{{types}}>(this Accelerator accelerator, Action<{{types}}> action, KernelSpecialization specialization)
                        {{where}} => new ExplicitLauncher<{{types}}>(accelerator, action, specialization).Launch;

                    public static Action<KernelConfig, {{types}}> LoadStreamKernel<{{types}}>(this Accelerator accelerator, Action<{{types}}> action, KernelSpecialization specialization)
                        {{where}} => new ExplicitLauncher<{{types}}>(accelerator, action, specialization).Launch;

                    public static Action<AcceleratorStream, TIndex, {{types}}> LoadImplicitlyGroupedKernel<TIndex, {{types}}>(this Accelerator accelerator, Action<TIndex, {{types}}> action, int customGroupSize)
                        where TIndex : struct, IIndex {{where}} => new ImplicitLauncher<TIndex, {{types}}>(accelerator, action, customGroupSize).Launch;

                    public static Action<TIndex, {{types}}> LoadImplicitlyGroupedStreamKernel<TIndex, {{types}}>(this Accelerator accelerator, Action<TIndex, {{types}}> action, int customGroupSize)
                        where TIndex : struct, IIndex {{where}} => new ImplicitLauncher<TIndex, {{types}}>(accelerator, action, customGroupSize).Launch;

                    public static Action<AcceleratorStream, TIndex, {{types}}> LoadAutoGroupedKernel<TIndex, {{types}}>(this Accelerator accelerator, Action<TIndex, {{types}}> action)
                        where TIndex : struct, IIndex {{where}} => new ImplicitLauncher<TIndex, {{types}}>(accelerator, action, 0).Launch;

                    public static Action<TIndex, {{types}}> LoadAutoGroupedStreamKernel<TIndex, {{types}}>(this Accelerator accelerator, Action<TIndex, {{types}}> action)
                        where TIndex : struct, IIndex {{where}} => new ImplicitLauncher<TIndex, {{types}}>(accelerator, action, 0).Launch;

                """);
        }
        return text.ToString().TrimEnd('\n') + "\n}\n";
    }

    private static string Assembly()
    {
        StringBuilder text = new(Header);
        text.Append("""

            namespace ILGPU.Runtime.Cuda;

            public static partial class CudaAsm
            {
            """);
        for (int n = 1; n <= MaxEmit; n++)
        {
            string types = Join(n, i => $"T{i - 1}"), where = Join(n, i => $"where T{i - 1} : struct", " "), parameters = Join(n, i => $"T{i - 1} arg{i - 1}");
            text.Append(CultureInfo.InvariantCulture, $$"""

                    public static void Emit<{{types}}>(string asm, {{parameters}}) {{where}} => throw OnHost();
                    public static void Emit<{{types}}>(string asm, out {{parameters}}) {{where}} => throw OnHost();

                """);
        }
        for (int n = 1; n <= MaxEmitRef; n++)
        {
            string types = Join(n, i => $"T{i - 1}"), where = Join(n, i => $"where T{i - 1} : struct, ICudaAsmEmitParameter", " ");
            string parameters = Join(n, i => $"ref T{i - 1} arg{i - 1}");
            text.Append(CultureInfo.InvariantCulture, $$"""

                    public static void EmitRef<{{types}}>(string asm, {{parameters}}) {{where}} => throw OnHost();

                """);
        }
        return text.ToString().TrimEnd('\n') + "\n}\n";
    }
}
