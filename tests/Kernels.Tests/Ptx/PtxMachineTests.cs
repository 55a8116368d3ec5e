using GpuGrad.Tests.Support.Ptx;

namespace GpuGrad.Kernels.Tests.Ptx;

/// <summary>What goes wrong while PTX runs is an error in the interpreter, with thread and line.</summary>
public sealed unsafe class PtxMachineTests
{
    private const string Head = """
        .version 7.0
        .target sm_80
        .address_size 64
        .visible .entry k(.param .align 8 .b8 p0[8])
        {
            .reg .pred %p<4>;
            .reg .b32 %r<8>;
            .reg .b64 %rd<8>;
            .reg .f32 %f<4>;
            .shared .align 16 .b8 a[64];
            .shared .align 16 .b8 b[64];
            .local .align 16 .b8 l[16];
            ld.param.u64 %rd0, [p0];
            mov.u32 %r0, %tid.x;
            mad.wide.s32 %rd1, %r0, 4, %rd0;
            mad.lo.s32 %r1, %r0, 4, 0;
            mov.u32 %r2, a;
            add.s32 %r2, %r2, %r1;

        """;

    /// <summary>Runs a body on one group; the argument points to 64 words that hold 0, 1, 2, ...</summary>
    private static uint[] Run(string body, int threads = 4)
    {
        PtxMemory memory = new();
        nint buffer = memory.Allocate(256);
        for (int i = 0; i < 64; i++)
            ((uint*)buffer)[i] = (uint)i;
        try
        {
            new PtxLaunch
            {
                Program = PtxDecoder.Decode(Head + body + "\nret;\n}")["k"],
                Memory = memory,
                Grid = (1, 1, 1),
                Size = (threads, 1, 1),
                DynamicShared = 0,
                Parameters = BitConverter.GetBytes((long)buffer),
                MaxSteps = 100_000,
            }.Run();
            return new Span<uint>((void*)buffer, 64).ToArray();
        }
        finally
        {
            memory.Release(buffer);
        }
    }

    public static TheoryData<string, string[]> Faults() => new()
    {
        { "add.s32 %r3, %r4, 1;", ["thread (0, 0, 0) of group (0, 0, 0)", "reads register %r4 before it is written"] },
        { "@%p1 mov.u32 %r3, 1;", ["reads register %p1 before it is written"] },
        { "setp.lt.s32 %p0, %r0, 2; @%p0 mov.u32 %r3, 1; add.s32 %r4, %r3, 1;", ["thread (2, 0, 0)", "reads register %r3"] },
        { "ld.global.u32 %r3, [%rd1+256];", ["reads 4 bytes at global address", "offset 256 of a buffer of 256 bytes"] },
        { "st.global.u32 [%rd0+-4], %r0;", ["writes 4 bytes at global address", "4 bytes before a buffer of 256 bytes"] },
        { "mov.u64 %rd2, 0; ld.global.u32 %r3, [%rd2];", ["global address 0x0, which is in no buffer"] },
        { "ld.global.u32 %r3, [%rd1+2];", ["is not aligned to 4 bytes"] },
        { "ld.global.v2.u32 {%r3, %r4}, [%rd1];", ["thread (1, 0, 0)", "is not aligned to 8 bytes"] },
        { "ld.global.v4.u32 {%r3, %r4, %r5, %r6}, [%rd0+8];", ["is not aligned to 16 bytes"] },
        { "ld.shared.u32 %r3, [a+64];", ["shared address 64 (+4) is outside every variable"] },
        { "ld.shared.u32 %r3, [%r2+-4];", ["is outside every variable"] },
        { "ld.local.u32 %r3, [l+16];", ["local address 16 (+4) is outside the thread's 16 bytes"] },
        { "div.s32 %r3, 7, %r0;", ["an integer is divided by zero"] },
        // Barriers
        { "setp.eq.s32 %p0, %r0, 3; @%p0 bra E; bar.sync 0; E:", ["divergent barrier", "1 lanes have ended", "3 lanes at line"] },
        { "setp.lt.s32 %p0, %r0, 2; @%p0 bra T; bar.sync 0; bra J; T: bar.sync 0; J:", ["divergent barrier", "2 lanes at line"] },
        { "setp.lt.s32 %p0, %r0, 2; @%p0 bar.sync 0;", ["under a predicate that is not the same for all lanes"] },
        { "setp.lt.s32 %p0, %r0, 2; @%p0 bra T; shfl.sync.idx.b32 %r3, %r0, 0, 31, -1; T:", ["2 lanes have ended"] },
        { "shfl.sync.down.b32 %r3, %r0, 16, 31, -1;", ["shuffles from lane 16, which is not there"] },
        { "shfl.sync.idx.b32 %r3, %r0, 0, 31, 3;", ["a lane that the member mask does not name"] },
        { "L: bra L;", ["the kernel does not end"] },
        // Races
        { "st.shared.u32 [a], %r0;", ["writes shared memory at 0 that thread 0 wrote, with no barrier between"] },
        { "st.shared.u32 [%r2], %r0; ld.shared.u32 %r3, [a+4];", ["reads shared memory at 4 that thread 1 wrote, with no barrier between"] },
        { "st.shared.u32 [%r2], %r0; bar.sync 0; ld.shared.u32 %r3, [a]; st.shared.u32 [%r2], %r3;", ["thread (0, 0, 0)", "writes shared memory at 0 that other threads read, with no barrier between"] },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_names_thread_line_and_reason(string body, string[] parts) => Messages.Has(Assert.Throws<PtxFaultException>(() => Run(body)), parts);

    [Fact]
    public void A_race_between_warps_is_found_and_a_barrier_cures_it()
    {
        const string write = "mov.u32 %r3, b; rem.s32 %r4, %r0, 16; mad.lo.s32 %r3, %r4, 4, %r3; setp.lt.s32 %p0, %r0, 16; @%p0 st.shared.u32 [%r3], %r0;\n";
        const string read = "ld.shared.u32 %r5, [b+8]; st.global.u32 [%rd1], %r5;";
        Messages.Has(Assert.Throws<PtxFaultException>(() => Run(write + read, 64)), "reads shared memory", "thread 2 wrote, with no barrier between");
        Assert.All(Run(write + "bar.sync 0;\n" + read, 64), v => Assert.Equal(2u, v));
    }

    [Fact]
    public void A_warp_barrier_orders_within_a_warp_only()
    {
        const string body = "st.shared.u32 [%r2], %r0; bar.warp.sync -1; ld.shared.u32 %r3, [a+4]; st.global.u32 [%rd1], %r3;";
        Assert.Equal([1u, 1, 1, 1], Run(body)[..4]);
        const string across = "setp.lt.s32 %p0, %r0, 4; @!%p0 bra S; st.shared.u32 [%r2], %r0; S: bar.warp.sync -1; ld.shared.u32 %r3, [a+4];";
        Messages.Has(Assert.Throws<PtxFaultException>(() => Run(across, 64)), "thread 1 wrote, with no barrier between");
    }

    [Fact]
    public void Reads_by_all_lanes_and_a_write_after_a_warp_barrier_are_no_race() =>
        Run("ld.shared.u32 %r3, [a]; bar.warp.sync -1; setp.eq.s32 %p0, %r0, 0; @%p0 st.shared.u32 [a], %r0; bar.warp.sync -1; ld.shared.u32 %r3, [a];", 32);

    [Fact]
    public void Branches_meet_again_wherever_the_text_puts_them()
    {
        // The join lies before the branch's body.
        const string body = """
            bra S;
            J: add.s32 %r3, %r3, 100; shfl.sync.idx.b32 %r4, %r3, 0, 31, -1; add.s32 %r3, %r3, %r4; st.global.u32 [%rd1], %r3; bra E;
            S: setp.lt.s32 %p0, %r0, 2; @%p0 bra A; mov.u32 %r3, 2; bra J;
            A: mov.u32 %r3, 1; bra J;
            E:
            """;
        Assert.Equal([202u, 202, 203, 203], Run(body)[..4]);
    }

    [Fact]
    public void A_launch_with_more_threads_than_maxntid_is_an_error()
    {
        PtxProgram program = PtxDecoder.Decode(".version 7.0\n.target sm_80\n.address_size 64\n.visible .entry k() .maxntid 32, 1, 1 { ret; }")["k"];
        PtxLaunch launch = new() { Program = program, Memory = new PtxMemory(), Grid = (1, 1, 1), Size = (33, 1, 1), DynamicShared = 0, Parameters = [] };
        Messages.Has(Assert.Throws<PtxFaultException>(launch.Run), "33 threads a group; .maxntid allows 32");
    }
}
