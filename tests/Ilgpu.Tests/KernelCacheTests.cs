using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Loader;
using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>Compiled kernels are found again on disk, and only where they are still what the program says.</summary>
public sealed class KernelCacheTests
{
    private static void Multiply(Index1D i, ArrayView<int> x, SpecializedValue<int> factor) => x[i] *= factor;

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void A_second_start_compiles_nothing(string device)
    {
        TestDevice.Open(device);
        int factor = Random.Shared.Next(); // no run before this one has left that kernel
        foreach (int compiled in new[] { 1, 0 })
        {
            using Context context = TestDevice.NewContext(device);
            using Accelerator accelerator = context.Devices[0].CreateAccelerator(context);
            using var x = accelerator.Allocate1D([3]);
            accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, SpecializedValue<int>>(Multiply)(1, x.View, SpecializedValue.New(factor));
            Assert.Equal([unchecked(3 * factor)], x.GetAsArray1D());
            Assert.Equal((compiled, compiled), (accelerator.Kernels!.Translated, accelerator.Kernels.Assembled));
        }
    }

    private static readonly int Drawn = Random.Shared.Next();

    private static void AddDrawn(Index1D i, ArrayView<int> x) => x[i] += Drawn;

    /// <summary>The same build may compute another value in the next process.</summary>
    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void A_kernel_with_a_static_value_is_compiled_at_every_start(string device)
    {
        TestDevice.Open(device);
        foreach (int assembled in new[] { 1, 0 })
        {
            using Context context = TestDevice.NewContext(device);
            using Accelerator accelerator = context.Devices[0].CreateAccelerator(context);
            using var x = accelerator.Allocate1D([1]);
            accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(AddDrawn)(1, x.View);
            Assert.Equal([unchecked(1 + Drawn)], x.GetAsArray1D());
            Assert.Equal((1, assembled), (accelerator.Kernels!.Translated, accelerator.Kernels.Assembled));
        }
    }

    /// <summary>The kernel's own assembly stays as it is, byte by byte: what changes is a method that it calls in another one.</summary>
    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void A_change_of_a_called_assembly_compiles_the_kernel_again(string device)
    {
        TestDevice.Open(device);
        int first = Random.Shared.Next(), second = first ^ 1;
        byte[] oldLibrary = Library(first), newLibrary = Library(second), program = Program(oldLibrary);
        Assert.Equal((first, 1), Run(device, program, oldLibrary));
        Assert.Equal((first, 0), Run(device, program, oldLibrary));
        Assert.Equal((second, 1), Run(device, program, newLibrary));
        Assert.Equal((second, 0), Run(device, program, newLibrary));
    }

    /// <summary>What the kernel computes, and how many kernels were compiled for it.</summary>
    private static (int Value, int Compiled) Run(string device, byte[] program, byte[] library)
    {
        AssemblyLoadContext load = new("a start", isCollectible: true);
        load.Resolving += (context, name) => name.Name == "Library" ? context.LoadFromStream(new MemoryStream(library)) : null;
        MethodInfo kernel = load.LoadFromStream(new MemoryStream(program)).GetType("Program")!.GetMethod("Kernel")!;
        using Context context = TestDevice.NewContext(device);
        using Accelerator accelerator = context.Devices[0].CreateAccelerator(context);
        using var x = accelerator.Allocate1D([0]);
        accelerator.LoadStreamKernel(kernel.CreateDelegate<Action<ArrayView<int>>>())(new KernelConfig(1, 1), x.View);
        return (x.GetAsArray1D()[0], accelerator.Kernels!.Translated);
    }

    // static class Library { public static int Value() => value; }
    private static byte[] Library(int value) => Assembly("Library", type =>
    {
        ILGenerator il = type.DefineMethod("Value", MethodAttributes.Public | MethodAttributes.Static, typeof(int), []).GetILGenerator();
        il.Emit(OpCodes.Ldc_I4, value);
        il.Emit(OpCodes.Ret);
    });

    // static class Program { public static void Kernel(ArrayView<int> x) => x[0] = Library.Value(); }
    private static byte[] Program(byte[] library) => Assembly("Program", type =>
    {
        MethodInfo called = new AssemblyLoadContext("to refer to", isCollectible: true).LoadFromStream(new MemoryStream(library)).GetType("Library")!.GetMethod("Value")!;
        MethodBuilder kernel = type.DefineMethod("Kernel", MethodAttributes.Public | MethodAttributes.Static, typeof(void), [typeof(ArrayView<int>)]);
        kernel.DefineParameter(1, ParameterAttributes.None, "x");
        ILGenerator il = kernel.GetILGenerator();
        il.Emit(OpCodes.Ldarga_S, (byte)0);
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Call, typeof(ArrayView<int>).GetProperty("Item", [typeof(int)])!.GetMethod!);
        il.Emit(OpCodes.Call, called);
        il.Emit(OpCodes.Stind_I4);
        il.Emit(OpCodes.Ret);
    });

    /// <summary>An assembly with one static class of its name.</summary>
    private static byte[] Assembly(string name, Action<TypeBuilder> fill)
    {
        PersistedAssemblyBuilder assembly = new(new AssemblyName(name), typeof(object).Assembly);
        TypeBuilder type = assembly.DefineDynamicModule(name).DefineType(name, TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed);
        fill(type);
        type.CreateType();
        using MemoryStream bytes = new();
        assembly.Save(bytes);
        return bytes.ToArray();
    }
}
