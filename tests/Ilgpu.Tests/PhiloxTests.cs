using ILGPU;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>Philox 4x32-10, the counter-based random numbers of the project, with the published test vectors.</summary>
public sealed class PhiloxTests
{
    private static void Round(ref uint c0, ref uint c1, ref uint c2, ref uint c3, uint k0, uint k1)
    {
        ulong p0 = (ulong)0xD2511F53u * c0, p1 = (ulong)0xCD9E8D57u * c2;
        (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
    }

    private static void Philox(Index1D i, ArrayView<uint> counters, ArrayView<uint> keys, ArrayView<uint> r)
    {
        uint c0 = counters[4 * i], c1 = counters[4 * i + 1], c2 = counters[4 * i + 2], c3 = counters[4 * i + 3];
        uint k0 = keys[2 * i], k1 = keys[2 * i + 1];
        for (int round = 0; round < 10; round++)
        {
            Round(ref c0, ref c1, ref c2, ref c3, k0, k1);
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        r[4 * i] = c0;
        r[4 * i + 1] = c1;
        r[4 * i + 2] = c2;
        r[4 * i + 3] = c3;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Philox_gives_its_published_vectors(string device)
    {
        uint[] counters = [0, 0, 0, 0, uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, 0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344];
        uint[] keys = [0, 0, uint.MaxValue, uint.MaxValue, 0xA4093822, 0x299F31D0];
        uint[] expected =
        [
            0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8, 0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD, 0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1,
        ];
        var accelerator = TestDevice.Open(device);
        var kernel = ILGPU.Runtime.KernelLoaders.LoadAutoGroupedStreamKernel<Index1D, ArrayView<uint>, ArrayView<uint>, ArrayView<uint>>(accelerator, Philox);
        using var c = ILGPU.Runtime.ArrayViewExtensions.Allocate1D(accelerator, counters);
        using var k = ILGPU.Runtime.ArrayViewExtensions.Allocate1D(accelerator, keys);
        using var r = accelerator.Allocate1D<uint>(12);
        kernel(3, c.View, k.View, r.View);
        Assert.Equal(expected, ILGPU.Runtime.ArrayViewExtensions.GetAsArray1D(r));
    }
}
