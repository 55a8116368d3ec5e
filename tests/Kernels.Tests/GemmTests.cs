using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>Products at the sizes where the CPU changes its way: which tile, what is packed and by whom, how many blocks of steps.</summary>
public sealed class GemmTests
{
    /// <summary>Rows, columns, steps.</summary>
    public static TheoryData<int, int, int> Sizes => new()
    {
        { 1, 5, 200 },      // one row
        { 2, 2, 256 },      // hardly any rows, columns fewer than a vector
        { 3, 130, 513 },    // hardly any rows, more than one block of columns
        { 4, 4, 401 },      // as many rows as are multiplied one by one
        { 5, 40, 20 },      // fewer rows than the lowest tile
        { 8, 33, 30 },      // one low tile, a column over
        { 11, 16, 401 },    // fewer rows than a wide tile, one narrow panel, two blocks of steps
        { 13, 31, 3 },      // a row over, fewer columns than a wide tile
        { 128, 10, 64 },    // narrow tiles alone
        { 193, 48, 20 },    // more rows than one task takes, a narrow panel behind a wide one
        { 200, 20, 410 },   // all of B packed because it is narrow
        { 1030, 34, 410 },  // all of B packed because there are many rows
        { 13, 1100, 955 },  // a B so large that the next panel is fetched ahead
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Products_of_all_sizes_are_the_references_and_the_same_for_any_number_of_threads(int m, int n, int k)
    {
        using Device one = new CpuDevice(1), three = new CpuDevice(3);
        foreach ((bool ta, bool tb) in new[] { (false, false), (true, false), (false, true), (true, true) })
        {
            OpCase product = Case(m, n, k, ta, tb);
            Assert.Empty(OpCheck.Against(product, three).Problems);
            using var alone = new CaseRun(product, one);
            using var together = new CaseRun(product, three);
            alone.Run();
            together.Run();
            foreach ((string name, double[] values) in alone.Results)
                Assert.Null(Tolerance.Exact.Explain($"{product}: {name}", values, together.Results[name]));
        }
    }

    private static OpCase Case(int m, int n, int k, bool ta, bool tb)
    {
        var random = new RandomStream(1, Purpose.Explore);
        CaseInput[] inputs =
        [
            CaseInput.Normal(random, ta ? new Shape(k, m) : new Shape(m, k)),
            CaseInput.Normal(random, tb ? new Shape(n, k) : new Shape(k, n)),
            CaseInput.Normal(random, new Shape(n)),
        ];
        return new OpCase($"{(ta ? "Aᵀ" : "A")}·{(tb ? "Bᵀ" : "B")} + bias", new MatMul(ta, tb, Bias: true), inputs) { Differentiable = false };
    }
}
