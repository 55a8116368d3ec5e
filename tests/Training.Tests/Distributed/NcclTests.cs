using System.Runtime.InteropServices;
using GpuGrad.Tests.Support.Ptx;
using GpuGrad.Training.Distributed;

namespace GpuGrad.Training.Tests.Distributed;

/// <summary>The calls of NCCL, against a stand-in library that checks their arguments: what is asked for, in which order, and what an error becomes.</summary>
public sealed unsafe class NcclTests
{
    private static readonly Lazy<bool> Loaded = new(() =>
    {
        StandInNccl.Load(Directory.CreateTempSubdirectory("gpugrad-nccl-").FullName);
        return true;
    });

    [Fact]
    public void Ranks_sum_their_weighted_values_in_place()
    {
        Assert.True(Loaded.Value);
        using Nccl maker = Nccl.Load()!;
        Assert.Equal("NCCL 2.21.5", maker.Name);
        byte[] id = new byte[Nccl.IdLength];
        maker.MakeId(id);
        float[][] results = InThreads(3, rank =>
        {
            using Nccl nccl = Nccl.Load()!;
            nccl.Join(id, rank, 3);
            float[] values = [.. Enumerable.Range(0, 5).Select(i => (rank + 1f) * (i + 1))];
            fixed (float* data = values)
            {
                nccl.Sum((nint)data, 4, 0.5f, 77); // the last one is not asked for
                nccl.Sum((nint)data, 1, rank == 0 ? 1f : 0, 77);
            }
            return values;
        });
        for (int rank = 0; rank < 3; rank++)
            Assert.Equal([3f, 6f, 9f, 12f, (rank + 1f) * 5], results[rank]);
    }

    [Fact]
    public void Each_call_comes_in_order_and_everything_that_was_made_is_ended_once()
    {
        Assert.True(Loaded.Value);
        StandInNccl.Calls.Clear();
        float[] value = [4];
        var nccl = Nccl.Load()!;
        byte[] id = new byte[Nccl.IdLength];
        nccl.MakeId(id);
        nccl.Join(id, 0, 1);
        fixed (float* data = value)
            nccl.Sum((nint)data, 1, 0.25f, 9);
        nccl.Dispose();
        nccl.Dispose();
        nccl.Abort();
        Assert.Equal(1, value[0]);
        Assert.Equal(["ncclGetUniqueId", "ncclCommInitRank rank 0 of 1", "ncclRedOpCreatePreMulSum 0.25", "ncclAllReduce 1 on stream 9", "ncclRedOpDestroy", "ncclCommDestroy"], StandInNccl.Calls);
        Joined().Abort();
        Assert.Equal("ncclCommAbort", StandInNccl.Calls.Last());
    }

    [Theory]
    [InlineData("ncclGetUniqueId", 2, "ncclGetUniqueId failed with code 2 (unhandled system error (run with NCCL_DEBUG=INFO for details))")]
    [InlineData("ncclCommInitRank", 5, "ncclCommInitRank failed with code 5 (invalid usage (run with NCCL_DEBUG=WARN for details))")]
    [InlineData("ncclRedOpCreatePreMulSum", 4, "ncclRedOpCreatePreMulSum failed with code 4")]
    [InlineData("ncclAllReduce", 6, "ncclAllReduce failed with code 6 (remote process exited or there was a network error): another rank may have ended")]
    public void An_error_is_one_line_with_the_librarys_words(string call, int code, string message)
    {
        Assert.True(Loaded.Value);
        StandInNccl.Failures[call] = code;
        try
        {
            var e = Assert.Throws<GpuGradException>(() =>
            {
                using Nccl nccl = Joined();
                nccl.Sum(Marshal.AllocHGlobal(4), 1, 1, 0);
            });
            Assert.Equal(Fault.Device, e.Fault);
            Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
        }
        finally
        {
            StandInNccl.Failures.Clear();
        }
    }

    [Fact]
    public void A_device_that_is_not_cudas_stays_with_its_ranks()
    {
        using var device = GpuGrad.Kernels.Devices.DeviceCatalog.Open("cpu", 1);
        Assert.Equal([true, true], ThreadRanks.Run(2, ranks => NcclRanks.Of(ranks, device) is null));
        Assert.Null(NcclRanks.Of(null, device));
    }

    private static Nccl Joined()
    {
        Nccl nccl = Nccl.Load()!;
        byte[] id = new byte[Nccl.IdLength];
        nccl.MakeId(id);
        nccl.Join(id, 0, 1);
        return nccl;
    }

    private static T[] InThreads<T>(int count, Func<int, T> body)
    {
        var results = new T[count];
        Thread[] threads = [.. Enumerable.Range(0, count).Select(i => new Thread(() => results[i] = body(i)))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        return results;
    }
}
