using GpuGrad.Kernels.Devices.Ilgpu.Loading;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Softmax;

namespace GpuGrad.Kernels.Tests;

/// <summary>The text that ILGPU makes of kernels, and what of it is kept on disk.</summary>
public sealed class KernelTextTests
{
    private static readonly KernelKey Plain = new(typeof(SoftmaxKernels).GetMethod(nameof(SoftmaxKernels.Plain))!, 128);
    private static readonly KernelKey Log = new(typeof(SoftmaxKernels).GetMethod(nameof(SoftmaxKernels.Log))!, 128);

    [Fact]
    public void A_kernel_has_the_same_text_whatever_was_compiled_before_it()
    {
        using var first = new KernelInspection();
        using var second = new KernelInspection();
        string alone = first.Ptx(Plain);
        second.Ptx(Log);
        for (int i = 0; i < 10; i++)
            Assert.Equal(alone, second.Ptx(Plain));
        Assert.NotEqual(alone, first.Ptx(Log));
    }

    [Theory]
    [InlineData("struct type_2350_kernel var2; type_99 x; L_71: goto L_71;", "struct type_0_kernel var2; type_1 x; L_2: goto L_2;")]
    [InlineData(".target sm_80 ld.param.b64 %rd1, [_x_8234+8]; view_0 field_1 0f3F800000 cl_khr_fp64", ".target sm_80 ld.param.b64 %rd1, [_x_0+8]; view_0 field_1 0f3F800000 cl_khr_fp64")]
    public void Only_process_wide_counters_are_renumbered(string text, string expected) => Assert.Equal(expected, CanonicalText.Of(text));

    [Fact]
    public void A_fused_multiply_add_of_softmax_is_one_instruction()
    {
        using var inspection = new KernelInspection();
        string text = inspection.Ptx(Plain);
        Assert.Contains("fma.rn.f32", text, StringComparison.Ordinal);
        Assert.DoesNotContain("call", text, StringComparison.Ordinal);
    }

    [Fact]
    public void No_elementwise_kernel_uses_double_precision_or_approximations()
    {
        using var inspection = new KernelInspection();
        foreach (Type map in typeof(IMap).Assembly.GetTypes().Where(t => t.IsValueType && !t.IsGenericTypeDefinition && typeof(IMap).IsAssignableFrom(t)))
        {
            string text = inspection.Ptx(new KernelKey(typeof(MapKernels).GetMethod(nameof(MapKernels.Apply))!.MakeGenericMethod(map), 0));
            Assert.DoesNotContain("f64", text, StringComparison.Ordinal);
            Assert.DoesNotContain("approx", text, StringComparison.Ordinal);
        }
    }
}
