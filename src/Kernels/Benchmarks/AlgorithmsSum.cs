using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Random;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;
using ILGPU.Runtime;
using Device = GpuGrad.Kernels.Devices.Device;

namespace GpuGrad.Kernels.Benchmarks;

/// <summary>
/// The reductions of ILGPU.Algorithms, for comparison with our sums on every device that runs kernels. One row uses its
/// device-wide reduction, several rows use one group each and its group reduction.
/// </summary>
internal static class AlgorithmsSum
{
    private const string Library = "ILGPU.Algorithms";
    private const int Threads = GroupReduce.Threads, Runs = 20;

    /// <summary>Times sums over the rows of [rows, size], and counts the distinct results of 20 runs; null on devices without kernels.</summary>
    /// <exception cref="GpuGradException">Its result is wrong, so its time would mean nothing.</exception>
    public static Yardstick? Of(Device device, int rows, int size, double seconds)
    {
        if (device is not IlgpuDevice kernels)
            return null;
        Accelerator accelerator = kernels.Accelerator;
        AcceleratorStream stream = kernels.Loader.Stream;
        accelerator.Bind();
        using MemoryBuffer1D<float, Stride1D.Dense> x = accelerator.Allocate1D<float>((long)rows * size), y = accelerator.Allocate1D<float>(rows);
        CaseInput numbers = CaseInput.Normal(new RandomStream(1, Purpose.Explore), new Tensors.Shape(rows, size));
        x.View.CopyFromCPU(stream, Array.ConvertAll(numbers.Values, v => (float)v));
        Action<AcceleratorStream> launch;
        try
        {
            launch = Launch(accelerator, x, y, rows, size);
            launch(stream);
            stream.Synchronize();
        }
        catch (Exception e) when (e is AcceleratorException or InternalCompilerException or NotSupportedException)
        {
            return new Yardstick(Library, null, $"cannot do it here: {(e.InnerException ?? e).Message.ReplaceLineEndings(" ")}");
        }
        void Run()
        {
            launch(stream);
            stream.Synchronize();
        }
        float[][] results = [.. Enumerable.Range(0, Runs).Select(_ => Result(Run, y, stream))];
        RequireRight(numbers.Values, results[0], size);
        int different = results.DistinctBy(r => string.Join(' ', r.Select(BitConverter.SingleToInt32Bits))).Count();
        return new Yardstick(Library, Timing.Of(Run, seconds), different == 1 ? $"the same bits in {Runs} runs" : $"{different} different results in {Runs} runs");
    }

    private static Action<AcceleratorStream> Launch(Accelerator accelerator, MemoryBuffer1D<float, Stride1D.Dense> x, MemoryBuffer1D<float, Stride1D.Dense> y, int rows, int size)
    {
        if (rows == 1)
        {
            Reduction<float, Stride1D.Dense> whole = accelerator.CreateReduction<float, Stride1D.Dense, AddFloat>();
            return stream => whole(stream, x.View, y.View);
        }
        Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, int> each = accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, int>(SumRow);
        return stream => each(stream, new KernelConfig(rows, Threads), x.View, y.View, size);
    }

    private static void SumRow(ArrayView<float> x, ArrayView<float> y, int size)
    {
        float sum = 0f;
        for (int i = Group.IdxX; i < size; i += Threads)
            sum += x[((long)Grid.IdxX * size) + i];
        sum = GroupExtensions.Reduce<float, AddFloat>(sum);
        if (Group.IdxX == 0)
            y[Grid.IdxX] = sum;
    }

    private static float[] Result(Action run, MemoryBuffer1D<float, Stride1D.Dense> y, AcceleratorStream stream)
    {
        run();
        float[] sums = new float[y.Length];
        y.View.CopyToCPU(stream, sums);
        stream.Synchronize();
        return sums;
    }

    private static void RequireRight(double[] numbers, float[] sums, int size)
    {
        double[] expected = [.. numbers.Chunk(size).Select(row => row.Sum())];
        if (Tolerance.Forward.Explain($"sums of {Library}", expected, Array.ConvertAll(sums, s => (double)s)) is string problem)
            throw new GpuGradException(Fault.Device, $"{Library} gives wrong results, so it is not timed: {problem}");
    }
}
