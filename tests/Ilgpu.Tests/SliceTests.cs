using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Ilgpu.Tests;

public sealed class SliceTests
{
    private static void Scale(Index1D i, ArrayView<float> x, ArrayView<float> y, float alpha) => y[i] = alpha * x[i] + 1f;

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void A_map_kernel_maps_every_element(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, float>(Scale);
        foreach (int n in new[] { 1, 33, 257 })
        {
            float[] x = [.. Enumerable.Range(0, n).Select(i => i * 0.5f)];
            using var dx = accelerator.Allocate1D(x);
            using var dy = accelerator.Allocate1D<float>(n);
            kernel(n, dx.View, dy.View, 3f);
            Assert.Equal(x.Select(v => 3f * v + 1f), dy.GetAsArray1D());
        }
    }

    [Fact]
    public void Ptx_of_a_map_kernel_is_printed()
    {
        Console.WriteLine(ILGPU.Bundled.KernelInspection.ToPtx((Action<Index1D, ArrayView<float>, ArrayView<float>, float>)Scale));
        Console.WriteLine(ILGPU.Bundled.KernelInspection.ToOpenCL((Action<Index1D, ArrayView<float>, ArrayView<float>, float>)Scale));
    }
}
