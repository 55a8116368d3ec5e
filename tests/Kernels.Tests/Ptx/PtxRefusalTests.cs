using GpuGrad.Tests.Support.Ptx;

namespace GpuGrad.Kernels.Tests.Ptx;

/// <summary>The interpreter refuses what ptxas would refuse: each snippet is one mistake in a kernel that is otherwise right.</summary>
public sealed class PtxRefusalTests
{
    private static string Module(string body, string head = ".version 7.0\n.target sm_80\n.address_size 64\n", string before = "") =>
        $$"""
        {{head}}{{before}}
        .visible .entry k(
            .param .align 8 .b8 p0[24],
            .param .align 8 .b8 p1[4]
        )
        {
            .reg .pred %p<4>;
            .reg .b16 %h<4>;
            .reg .b32 %r<8>;
            .reg .s32 %i<4>;
            .reg .b64 %rd<8>;
            .reg .f32 %f<8>;
            .reg .f64 %fd<4>;
            .shared .align 16 .b8 s[256];
            .local .align 16 .b8 l[64];
            {{body}}
            ret;
        }
        """;

    private const string Old = ".version 6.0\n.target sm_50\n.address_size 64\n";

    public static TheoryData<string, string> Bad() => new()
    {
        // Names
        { "add.s32 %r1, %r2, %r99;", "register '%r99' is not declared" },
        { "mov.u32 %r1, nothing;", "'nothing' is not declared" },
        { "bra nowhere;", "there is no label 'nowhere'" },
        { "L: mov.u32 %r1, 0; L: ret;", "label 'L' is defined twice" },
        { ".reg .b32 %r<4>;", "register '%r0' is declared twice" },
        { ".shared .b8 s[4];", "variable 's' is declared twice" },
        { "ld.param.u32 %r1, [p7];", "there is no parameter 'p7'" },
        { "ld.shared.u32 %r1, [t];", "'t' is not declared" },
        { "ld.shared.u32 %r1, [l];", "'l' is in .local, not in .shared" },
        { "{ .reg .b32 inner; mov.u32 inner, 1; } add.s32 %r1, inner, 1;", "'inner' is not declared" },
        // Types and widths
        { "add.f32 %r1, %f1, %f2;", null! },
        { "add.f32 %i1, %f1, %f2;", "type .f32 of the instruction does not agree with register %i1, which is .s32" },
        { "add.s32 %f1, %r1, %r2;", "type .s32 of the instruction does not agree with register %f1, which is .f32" },
        { "add.s64 %rd1, %rd2, %r1;", "type .s64 of the instruction does not agree with register %r1, which is .b32" },
        { "add.s32 %r1, %rd1, 1;", "type .s32 of the instruction does not agree with register %rd1" },
        { "add.f64 %fd1, %fd2, %f1;", "does not agree with register %f1, which is .f32" },
        { "mov.u32 %f1, %r1;", "does not agree with register %f1" },
        { "and.b32 %r1, %p1, %r2;", "does not agree with register %p1, which is .pred" },
        { "setp.lt.s32 %r1, %r2, 0;", "type .pred of the instruction does not agree with register %r1" },
        { "selp.f32 %f1, %f2, %f3, %r1;", "type .pred of the instruction does not agree with register %r1" },
        { "@%r1 bra L; L:", "does not agree with register %r1" },
        { "ld.global.f32 %r1, [%rd1];", null! },
        { "ld.global.f32 %i1, [%rd1];", "does not agree with register %i1" },
        { "ld.global.f32 %fd1, [%rd1];", "does not agree with register %fd1" },
        { "ld.global.u64 %r1, [%rd1];", "does not agree with register %r1" },
        { "st.global.u16 [%rd1], %f1;", "does not agree with register %f1" },
        { "mad.wide.s32 %r1, %r2, 4, %rd1;", "type .s64 of the instruction does not agree with register %r1" },
        { "shl.b64 %rd1, %rd2, %rd3;", "type .u32 of the instruction does not agree with register %rd3" },
        { "mov.u16 %h1, s;", "an address does not fit .u16" },
        { "mov.u64 %rd1, %tid.x;", "special register %tid.x has 32 bits" },
        // Constants
        { "add.f32 %f1, %f2, 1;", "an integer constant where .f32 is expected" },
        { "add.s32 %r1, %r2, 0f3F800000;", "a float constant where .s32 is expected" },
        { "add.f32 %f1, %f2, 0d3FF0000000000000;", "a double constant where .f32 is expected" },
        { "add.s32 %r1, %r2, 8589934592;", "constant 8589934592 does not fit .s32" },
        { "add.s32 5, %r2, %r1;", "the destination must be a register" },
        { "selp.u32 %r1, 1, 0, 1;", "a register expected, found a constant" },
        // Instructions and modifiers
        { "frobnicate.s32 %r1, %r2;", "instruction 'frobnicate.s32' is not known" },
        { "mul.s32 %r1, %r2, %r3;", "type .s32 not possible here" },
        { "mul.lo.f32 %f1, %f2, %f3;", "type .f32 not possible here" },
        { "add.rn.s32 %r1, %r2, %r3;", "type .s32 not possible here" },
        { "and.s32 %r1, %r2, %r3;", "type .s32 not possible here" },
        { "shl.s32 %r1, %r2, 1;", "type .s32 not possible here" },
        { "fma.f32 %f1, %f2, %f3, %f4;", "one of .rn expected" },
        { "div.rn.s32 %r1, %r2, %r3;", "type .s32 not possible here" },
        { "setp.ltu.s32 %p1, %r1, %r2;", "type .s32 not possible here" },
        { "setp.lt.b32 %p1, %r1, %r2;", "type .b32 not possible here" },
        { "ex2.f32 %f1, %f2;", "one of .approx expected" },
        { "sqrt.f64 %fd1, %fd2;", "one of .rn, .approx expected" },
        { "cvt.f32.s32 %f1, %r1;", "rounding of cvt.f32.s32 must be .rn or .rz" },
        { "cvt.s32.f32 %r1, %f1;", "must be .rni, .rzi, .rmi or .rpi" },
        { "cvt.rn.f64.f32 %fd1, %f1;", "rounding of cvt.f64.f32 must be absent" },
        { "add.s32.wrong %r1, %r2, %r3;", "'.wrong' is not possible" },
        { "add.s32 %r1, %r2;", "3 operands expected, found 2" },
        { "ret %r1;", "0 operands expected, found 1" },
        { "add.s32 %r1, %tid.x, 1;", "special register %tid.x can only be read by mov" },
        { "selp.u32 %r1, s, 0, %p1;", "the address of 's' can only be taken by mov" },
        // Memory
        { "st.param.u32 [p1], %r1;", "parameters of a kernel cannot be written" },
        { "ld.param.u64 %rd1, [p1];", "parameter 'p1' has 4 bytes; 8 at 0 are outside" },
        { "ld.param.u32 %r1, [p0+22];", "are outside" },
        { "ld.param.u64 %rd1, [p0+4];", "are not aligned" },
        { "ld.global.u32 %r1, [%r2];", "a global address has 64 bits" },
        { "ld.global.f32 %f1, [%fd1];", "an address register has 32 or 64 bits and is not a float" },
        { "ld.global.v2.f32 %f1, [%rd1];", "a vector of 2 expected" },
        { "ld.global.v4.f32 {%f1, %f2}, [%rd1];", "a vector of 4 expected" },
        { "ld.global.f32 {%f1, %f2}, [%rd1];", "a vector needs .v2 or .v4" },
        { "ld.global.v4.f64 {%fd0, %fd1, %fd2, %fd3}, [%rd1];", "a vector has at most 16 bytes" },
        { "ld.texture.f32 %f1, [%rd1];", "type .texture not possible here" },
        { "ld.global.f32 %f1, %rd1;", "an address in brackets expected" },
        { "atom.global.add.b32 %r1, [%rd1], %r2;", "type .b32 not possible here" },
        { "atom.global.min.f32 %f1, [%rd1], %f2;", "type .f32 not possible here" },
        { "atom.local.add.u32 %r1, [%rd1], %r2;", ".cas expected" },
        { "cvta.to.param.u64 %rd1, %rd2;", "one of .global, .shared, .local expected" },
        // Threads
        { "bar.sync 1;", "barrier 0 expected" },
        { "shfl.sync.down.f32 %f1, %f2, 1, 31, -1;", "type .f32 not possible here" },
        { "shfl.down.b32 %r1, %r2, 1, 31;", "one of .sync expected" },
        { "shfl.sync.down.b32 %r1, %r2, 1, 31;", "5 operands expected, found 4" },
        { "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f0, %f1, %f2, %f3}, {%r0, %r1}, {%r2, %r3}, {%f4, %f5, %f6, %f7};", "a vector of 4 expected" },
        { "mma.sync.aligned.m16n8k16.row.col.f32.tf32.tf32.f32 {%f0, %f1, %f2, %f3}, {%r0, %r1, %r2, %r3}, {%r4, %r5}, {%f4, %f5, %f6, %f7};", "m16n8k16 with tf32 is not known" },
        // Grammar
        { "add.s32 %r1, %r2, %r3", "',' expected, found 'ret'" },
        { "add.s32 %r1 %r2, %r3;", "',' expected" },
        { ".reg .x32 %x;", "'.x32' is not a type" },
        { "ld.global.u32 %r1, [%rd1;", "';' is not an operand" },
        { "add.s32 %r1, %r2, 0x;", "'0x' is not a number" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_wrong_kernel_is_refused_with_its_reason(string body, string? reason)
    {
        if (reason == null)
        {
            // Bits agree with floats of their size: not a mistake.
            PtxInterpreter.Verify(Module(body));
            return;
        }
        PtxSyntaxException e = Assert.Throws<PtxSyntaxException>(() => PtxInterpreter.Verify(Module(body)));
        Messages.Has(e, reason);
        Assert.InRange(e.Line, 1, 25);
    }

    public static TheoryData<string, string> TooNew() => new()
    {
        { "max.NaN.f32 %f1, %f2, %f3;", "max.NaN needs .target sm_80; the module has sm_50" },
        { "atom.global.add.f64 %fd1, [%rd1], %fd2;", "atom.add.f64 needs .target sm_60" },
        { "cvt.rna.tf32.f32 %r1, %f1;", "cvt to tf32 needs .target sm_80" },
        { "tanh.approx.f32 %f1, %f2;", "tanh.approx needs .target sm_75" },
    };

    [Theory]
    [MemberData(nameof(TooNew))]
    public void An_instruction_newer_than_the_target_is_refused(string body, string reason)
    {
        PtxInterpreter.Verify(Module(body));
        Messages.Has(Assert.Throws<PtxSyntaxException>(() => PtxInterpreter.Verify(Module(body, Old))), reason);
    }

    [Theory]
    [InlineData("", "'.version' expected")]
    [InlineData(".version 7.0\n.target gpu\n.address_size 64\n", "'sm_NN' expected")]
    [InlineData(".version 7.0\n.target sm_80\n.address_size 32\n", ".address_size 64 expected")]
    public void A_module_without_its_head_is_refused(string head, string reason) =>
        Messages.Has(Assert.Throws<PtxSyntaxException>(() => PtxInterpreter.Verify(Module("", head))), reason);

    [Fact]
    public void A_kernel_that_is_right_is_taken() => PtxInterpreter.Verify(Module("""
        mov.u32 %r1, %tid.x;
        ld.param.u64 %rd1, [p0];
        mad.wide.s32 %rd2, %r1, 4, %rd1;
        @%p1 bra L;
        { .reg .f32 t; ld.global.f32 t, [%rd2+-4]; st.shared.f32 [s+8], t; }
        L:
        ld.shared.v4.u32 {%r1, %r2, %r3, %r4}, [s];
        """.Replace("%p1", "!%p1", StringComparison.Ordinal)));
}
