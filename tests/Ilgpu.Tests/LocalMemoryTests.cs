using ILGPU;
using ILGPU.Bundled;
using ILGPU.Runtime;
using ILGPU.Util;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>Local arrays, in registers or in memory, and vector accesses.</summary>
public sealed class LocalMemoryTests
{
    internal struct Sample
    {
        public float Value;
        public int Index;
    }

    private static void Sort(Index1D i, ArrayView<float> x, ArrayView<float> y)
    {
        // All indices become constants: registers.
        ArrayView<float> v = LocalMemory.Allocate<float>(5);
        for (int k = 0; k < 5; k++)
            v[k] = x[(i * 7 + k * 3) % x.IntLength];
        for (int a = 0; a < 4; a++)
            for (int b = 0; b < 4 - a; b++)
            {
                if (v[b] > v[b + 1])
                    (v[b], v[b + 1]) = (v[b + 1], v[b]);
            }
        float sum = 0;
        for (int k = 0; k < 5; k++)
            sum = sum * 2 + v[k];
        y[i] = sum;
    }

    private static void Histogram(Index1D i, ArrayView<float> x, ArrayView<float> y)
    {
        // Indexed by data: memory.
        ArrayView<int> counts = LocalMemory.Allocate<int>(8);
        for (int k = 0; k < counts.IntLength; k++)
            counts[k] = 0;
        for (int k = 0; k <= i; k++)
            counts[(int)x[k] & 7]++;
        int best = 0;
        for (int k = 1; k < 8; k++)
        {
            if (counts[k] > counts[best])
                best = k;
        }
        y[i] = best * 100 + counts[best];
    }

    private static void Structs(Index1D i, ArrayView<float> x, ArrayView<float> y)
    {
        ArrayView<Sample> samples = LocalMemory.Allocate<Sample>(4);
        for (int k = 0; k < 4; k++)
            samples[k] = new Sample { Value = x[(i + k) % x.IntLength], Index = k };
        Sample best = samples[0];
        for (int k = 1; k < 4; k++)
        {
            if (samples[k].Value > best.Value)
                best = samples[k];
        }
        ref Sample chosen = ref samples[i & 3];
        chosen.Value += 0.5f;
        y[i] = best.Value * 10 + best.Index + samples[(i + 1) & 3].Value;
    }

    private static readonly float[] Values = [.. Enumerable.Range(0, 33).Select(i => (float)(i * 37 % 29))];

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Local_arrays_hold_what_was_put_in(string device)
    {
        KernelRunner.SameAsEmulated<float, float>(device, Sort, Values, Values.Length);
        KernelRunner.SameAsEmulated<float, float>(device, Histogram, Values, Values.Length);
        KernelRunner.SameAsEmulated<float, float>(device, Structs, Values, Values.Length);
    }

    [Fact]
    public void Arrays_with_constant_indices_are_registers()
    {
        Assert.DoesNotContain(".local", KernelInspection.ToPtx((Action<Index1D, ArrayView<float>, ArrayView<float>>)Sort), StringComparison.Ordinal);
        Assert.Contains(".local", KernelInspection.ToPtx((Action<Index1D, ArrayView<float>, ArrayView<float>>)Histogram), StringComparison.Ordinal);
    }

    private static void Vectors(Index1D i, ArrayView<float> x, ArrayView<float> y)
    {
        Float4 v = x.Cast<Float4>()[i];
        v.X += 1;
        v *= new Float4(2);
        y.Cast<Float4>()[i] = new Float4(v.W, v.Z, v.Y, v.X);
        Float2 w = x.Cast<Float2>()[2 * i + 1];
        y.Cast<Float2>()[2 * i] += w / 4;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Vectors_are_loaded_and_stored_whole(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>>(Vectors);
        float[] x = [.. Enumerable.Range(0, 33 * 4).Select(i => (float)i)];
        using var dx = accelerator.Allocate1D(x);
        using var dy = accelerator.Allocate1D<float>(x.Length);
        kernel(33, dx.View, dy.View);
        float[] expected = [.. x.Chunk(4).SelectMany(c => new[] { 2 * c[3] + c[2] / 4, 2 * c[2] + c[3] / 4, 2 * c[1], 2 * (c[0] + 1) })];
        Assert.Equal(expected, dy.GetAsArray1D());
    }

    [Fact]
    public void Vector_accesses_are_one_instruction()
    {
        string ptx = KernelInspection.ToPtx((Action<Index1D, ArrayView<float>, ArrayView<float>>)Vectors);
        Assert.Equal(1, ptx.Split("ld.global.v4.f32").Length - 1);
        Assert.Equal(1, ptx.Split("st.global.v4.f32").Length - 1);
        Assert.Equal(2, ptx.Split("ld.global.v2.f32").Length - 1);
        Assert.DoesNotContain("ld.global.f32", ptx, StringComparison.Ordinal);
    }

    private static void Stash(Index1D i, ArrayView<float> x, ArrayView<float> y)
    {
        // A local array seen as vectors, and a vector taken apart by reference.
        ArrayView<float> v = LocalMemory.Allocate<float>(8);
        for (int k = 0; k < 8; k++)
            v[k] = x[i] + k;
        Float4 high = v.Cast<Float4>()[1];
        y[i] = high.X + 10 * high.W + v[(int)x[i] & 7];
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Local_arrays_can_be_read_as_vectors(string device) =>
        KernelRunner.SameAsEmulated<float, float>(device, Stash, Values, Values.Length);
}
