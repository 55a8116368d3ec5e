using System.Globalization;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>Runs a kernel over arrays on a device, and compares with the same C# run emulated.</summary>
internal static class KernelRunner
{
    /// <summary>Kernel over one input and one output array.</summary>
    public static TOut[] Map<TIn, TOut>(string device, Action<Index1D, ArrayView<TIn>, ArrayView<TOut>> kernel, TIn[] input, int outputs)
        where TIn : unmanaged where TOut : unmanaged
    {
        Accelerator accelerator = TestDevice.Open(device);
        var launch = accelerator.LoadAutoGroupedStreamKernel(kernel);
        using var x = accelerator.Allocate1D(input);
        using var y = accelerator.Allocate1D<TOut>(outputs);
        y.MemSetToZero();
        launch(input.Length, x.View, y.View);
        return y.GetAsArray1D();
    }

    /// <summary>Kernel over pairs of values.</summary>
    public static TOut[] Map<TIn, TOut>(string device, Action<Index1D, ArrayView<TIn>, ArrayView<TIn>, ArrayView<TOut>> kernel, TIn[] a, TIn[] b, int outputs)
        where TIn : unmanaged where TOut : unmanaged
    {
        Accelerator accelerator = TestDevice.Open(device);
        var launch = accelerator.LoadAutoGroupedStreamKernel(kernel);
        using var x = accelerator.Allocate1D(a);
        using var y = accelerator.Allocate1D(b);
        using var z = accelerator.Allocate1D<TOut>(outputs);
        z.MemSetToZero();
        launch(a.Length, x.View, y.View, z.View);
        return z.GetAsArray1D();
    }

    /// <summary>An explicitly grouped kernel over one input and one output array.</summary>
    public static TOut[] Groups<TIn, TOut>(string device, Action<ArrayView<TIn>, ArrayView<TOut>> kernel, KernelConfig config, TIn[] input, int outputs)
        where TIn : unmanaged where TOut : unmanaged
    {
        Accelerator accelerator = TestDevice.Open(device);
        var launch = accelerator.LoadStreamKernel(kernel);
        using var x = accelerator.Allocate1D(input);
        using var y = accelerator.Allocate1D<TOut>(outputs);
        y.MemSetToZero();
        launch(config, x.View, y.View);
        return y.GetAsArray1D();
    }

    public static void SameAsEmulated<TIn, TOut>(string device, Action<Index1D, ArrayView<TIn>, ArrayView<TOut>> kernel, TIn[] input, int outputs)
        where TIn : unmanaged where TOut : unmanaged =>
        AssertSame(Map(TestDevice.Emulated, kernel, input, outputs), Map(device, kernel, input, outputs), input.Length);

    public static void SameAsEmulated<TIn, TOut>(string device, Action<Index1D, ArrayView<TIn>, ArrayView<TIn>, ArrayView<TOut>> kernel, TIn[] a, TIn[] b, int outputs)
        where TIn : unmanaged where TOut : unmanaged =>
        AssertSame(Map(TestDevice.Emulated, kernel, a, b, outputs), Map(device, kernel, a, b, outputs), a.Length);

    /// <summary>Bit by bit, except that one NaN is as good as another. Outputs are rows of n: the message names row and column.</summary>
    public static void AssertSame<T>(T[] expected, T[] actual, int n) where T : unmanaged
    {
        Assert.Equal(expected.Length, actual.Length);
        List<string> differences = [];
        for (int i = 0; i < expected.Length; i++)
        {
            if (!Same(expected[i], actual[i]))
                differences.Add(string.Create(CultureInfo.InvariantCulture, $"row {i / n}, column {i % n}: expected {expected[i]}, got {actual[i]}"));
        }
        Assert.True(differences.Count == 0, $"{differences.Count} of {expected.Length} differ. {string.Join("; ", differences.Take(8))}");
    }

    private static bool Same<T>(T a, T b) where T : unmanaged
    {
        if (a is float x && b is float y && float.IsNaN(x) && float.IsNaN(y))
            return true;
        if (a is double u && b is double v && double.IsNaN(u) && double.IsNaN(v))
            return true;
        return MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in a)).SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in b)));
    }

    /// <summary>Every value with every value.</summary>
    public static (T[] A, T[] B) Pairs<T>(T[] values) =>
        ([.. values.SelectMany(a => values.Select(_ => a))], [.. values.SelectMany(_ => values)]);
}
