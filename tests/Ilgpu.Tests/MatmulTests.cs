using ILGPU;
using ILGPU.Bundled;
using ILGPU.Runtime;
using ILGPU.Util;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>A register-tiled matrix product: shared memory, vector loads, local arrays, fused multiply-adds.</summary>
public sealed class MatmulTests
{
    private const int BlockM = 64, BlockN = 64, BlockK = 16, ThreadM = 4, ThreadN = 4, Threads = 256;

    internal readonly record struct Sizes(int M, int N, int K);

    // a [M, K], b [K, N], c [M, N]
    private static void Matmul(ArrayView<float> a, ArrayView<float> b, Sizes s, ArrayView<float> c)
    {
        ArrayView<float> tileA = SharedMemory.Allocate<float>(BlockK * BlockM), tileB = SharedMemory.Allocate<float>(BlockK * BlockN);
        int t = Group.IdxX, column = t % (BlockN / ThreadN), row = t / (BlockN / ThreadN);
        int firstRow = Grid.IdxY * BlockM, firstColumn = Grid.IdxX * BlockN;
        ArrayView<float> sums = LocalMemory.Allocate<float>(ThreadM * ThreadN);
        for (int i = 0; i < ThreadM * ThreadN; i++)
            sums[i] = 0f;
        for (int k0 = 0; k0 < s.K; k0 += BlockK)
        {
            for (int i = 0; i < BlockM * BlockK / Threads; i++)
            {
                int e = t + i * Threads, m = firstRow + e / BlockK, k = k0 + e % BlockK;
                tileA[e % BlockK * BlockM + e / BlockK] = m < s.M && k < s.K ? a[m * s.K + k] : 0f;
                int kb = k0 + e / BlockN, n = firstColumn + e % BlockN;
                tileB[e] = kb < s.K && n < s.N ? b[kb * s.N + n] : 0f;
            }
            Group.Barrier();
            for (int k = 0; k < BlockK; k++)
            {
                Float4 left = tileA.Cast<Float4>()[k * (BlockM / 4) + row], right = tileB.Cast<Float4>()[k * (BlockN / 4) + column];
                ArrayView<float> x = LocalMemory.Allocate<float>(ThreadM), y = LocalMemory.Allocate<float>(ThreadN);
                (x[0], x[1], x[2], x[3]) = (left.X, left.Y, left.Z, left.W);
                (y[0], y[1], y[2], y[3]) = (right.X, right.Y, right.Z, right.W);
                for (int i = 0; i < ThreadM; i++)
                    for (int j = 0; j < ThreadN; j++)
                        sums[i * ThreadN + j] = MathF.FusedMultiplyAdd(x[i], y[j], sums[i * ThreadN + j]);
            }
            Group.Barrier();
        }
        for (int i = 0; i < ThreadM; i++)
            for (int j = 0; j < ThreadN; j++)
            {
                int m = firstRow + row * ThreadM + i, n = firstColumn + column * ThreadN + j;
                if (m < s.M && n < s.N)
                    c[m * s.N + n] = sums[i * ThreadN + j];
            }
    }

    private static float[] Reference(float[] a, float[] b, Sizes s)
    {
        float[] c = new float[s.M * s.N];
        for (int m = 0; m < s.M; m++)
            for (int n = 0; n < s.N; n++)
                for (int k = 0; k < s.K; k++)
                    c[m * s.N + n] = MathF.FusedMultiplyAdd(a[m * s.K + k], b[k * s.N + n], c[m * s.N + n]);
        return c;
    }

    private static float[] Run(string device, float[] a, float[] b, Sizes s)
    {
        Accelerator accelerator = TestDevice.Open(device);
        var kernel = accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, Sizes, ArrayView<float>>(Matmul, new KernelSpecialization(Threads, null));
        using var da = accelerator.Allocate1D(a);
        using var db = accelerator.Allocate1D(b);
        using var dc = accelerator.Allocate1D<float>(s.M * s.N);
        kernel(new KernelConfig(new Index3D((s.N + BlockN - 1) / BlockN, (s.M + BlockM - 1) / BlockM, 1), new Index3D(Threads, 1, 1)), da.View, db.View, s, dc.View);
        return dc.GetAsArray1D();
    }

    private static float[] Random(int n, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, n).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void A_tiled_product_equals_the_plain_one_bit_for_bit(string device)
    {
        foreach (Sizes s in new[] { new Sizes(1, 1, 1), new Sizes(33, 7, 65), new Sizes(65, 70, 33), new Sizes(64, 64, 64) })
        {
            float[] a = Random(s.M * s.K, 1), b = Random(s.K * s.N, 2);
            Assert.Equal(Reference(a, b, s), Run(device, a, b, s));
        }
    }

    [Fact]
    public void Its_inner_loop_is_fused_multiply_adds_on_registers()
    {
        string ptx = KernelInspection.ToPtx((Action<ArrayView<float>, ArrayView<float>, Sizes, ArrayView<float>>)Matmul);
        Assert.DoesNotContain(".local", ptx, StringComparison.Ordinal);
        Assert.Equal(ThreadM * ThreadN * BlockK, ptx.Split("fma.rn.f32").Length - 1);
        Assert.Equal(2 * BlockK, ptx.Split("ld.shared.v4.f32").Length - 1);
        // All vector loads share two address registers and differ in the displacement.
        IEnumerable<string> addresses = ptx.Split('\n').Where(l => l.Contains("ld.shared.v4", StringComparison.Ordinal))
            .Select(l => l[(l.IndexOf('[', StringComparison.Ordinal) + 1)..].Split('+', ']')[0]);
        Assert.Equal(2, addresses.Distinct().Count());
    }
}
