using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Gemm;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>The tiles of matrix products: all of them compute the same, and the choice among them fills a device.</summary>
[Collection("accelerators")]
public sealed class TileTests
{
    private const int Multiprocessors = 108; // of an A100

    public static TheoryData<string, int> TilesOfDevices()
    {
        var data = new TheoryData<string, int>();
        foreach (string device in new[] { "ptx", "opencl:0" })
        {
            for (int tile = 0; tile < KernelGemm.Tiles.Length; tile++)
                data.Add(device, tile);
        }
        return data;
    }

    /// <summary>Edges of results and sums that no tile divides, each way in which factors lie, both halves of the shared memory.</summary>
    [Theory]
    [MemberData(nameof(TilesOfDevices))]
    public void Every_tile_multiplies_as_the_reference_does(string id, int tile)
    {
        using var device = (IlgpuDevice)KernelConformanceTests.Open(id);
        device.Tile = tile;
        Assert.Empty(Cases().SelectMany(c => OpCheck.Against(c, device).Problems));
    }

    [Theory]
    [InlineData(64, 576, 65536)] // the gradient of 64 filters: all the work is in the sum
    [InlineData(64, 147, 401408)]
    [InlineData(512, 4608, 6272)]
    [InlineData(256, 100352, 1152)]
    [InlineData(4096, 4096, 4096)]
    [InlineData(128, 10, 65536)]
    public void A_large_product_fills_the_device_with_warps(int m, int n, int k)
    {
        (int tile, GemmSizes s) = TileChoice.Of(KernelGemm.Tiles, m, n, k, 1, Multiprocessors);
        TileSize size = KernelGemm.Tiles[tile];
        double groups = Math.Ceiling((double)m / size.M) * Math.Ceiling((double)n / size.N) * s.Splits;
        Assert.InRange(Math.Min(groups / Multiprocessors, size.Resident) * size.Warps, 8, 64);
    }

    [Fact]
    public void A_layer_of_64_filters_has_8x8_sums_a_thread()
    {
        (int forward, _) = TileChoice.Of(KernelGemm.Tiles, 64, 131072, 576, 1, Multiprocessors);
        (int gradient, _) = TileChoice.Of(KernelGemm.Tiles, 64, 576, 131072, 1, Multiprocessors);
        Assert.All(new[] { forward, gradient }, tile => Assert.Equal(64, KernelGemm.Tiles[tile].M * KernelGemm.Tiles[tile].N / (32 * KernelGemm.Tiles[tile].Warps)));
    }

    [Theory]
    [InlineData(1, 8)]
    [InlineData(64, 16)]
    [InlineData(65, 8)]
    [InlineData(1000, 16)]
    [InlineData(65537, 32)]
    public void Parts_cover_the_sum_and_none_is_empty(int k, int step)
    {
        for (int parts = 1; parts < 70; parts++)
        {
            GemmSizes s = TileChoice.Split(1, 1, k, parts, step);
            Assert.InRange(s.Splits, 1, parts);
            Assert.True((long)s.Splits * s.Chunk >= k && (s.Splits - 1L) * s.Chunk < k && s.Chunk % step == 0);
        }
    }

    [Fact]
    public void A_small_sum_is_not_cut()
    {
        (_, GemmSizes s) = TileChoice.Of(KernelGemm.Tiles, 10, 10, 32, 1, Multiprocessors);
        Assert.Equal(1, s.Splits);
    }

    private static IEnumerable<OpCase> Cases()
    {
        var random = new RandomStream(3, Purpose.Explore);
        foreach ((int m, int n, int k, bool ta, bool tb) in new[] { (150, 133, 41, false, false), (132, 148, 28, true, false), (140, 70, 36, false, true) })
        {
            CaseInput[] inputs = [CaseInput.Normal(random, ta ? new Shape(k, m) : new Shape(m, k)), CaseInput.Normal(random, tb ? new Shape(n, k) : new Shape(k, n))];
            yield return new OpCase($"{m} x {n} x {k}", new MatMul(ta, tb), inputs) { Differentiable = false };
        }
        var geometry = new ConvGeometry { Padding = Padding.Symmetric(1, 1), Stride = (2, 1) };
        yield return new OpCase("convolution", new Conv2D(geometry), [CaseInput.Normal(random, new Shape(3, 5, 13, 11)), CaseInput.Normal(random, new Shape(67, 5, 3, 3))]);
    }
}
