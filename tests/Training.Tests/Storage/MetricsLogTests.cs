using System.Globalization;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

public sealed class MetricsLogTests : IDisposable
{
    // Open, cut; open, sync and close the folder.
    private const int CallsToOpen = 5;

    private readonly TestFolder folder = new();

    private string File => folder["metrics.jsonl"];

    private string Text => System.IO.File.ReadAllText(File);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_line_is_an_object_and_numbers_keep_their_bits()
    {
        double? none = null;
        using (MetricsLog log = MetricsLog.Open(File, 0))
            log.Append(("step", 50), ("loss", 1.0 / 3), ("rate", 1e-5), ("ok", true), ("name", "a \"b\"\n"), ("test_loss", none), ("epoch", 12345678901L));
        Assert.Equal("{\"step\":50,\"loss\":0.3333333333333333,\"rate\":1E-05,\"ok\":true,\"name\":\"a \\u0022b\\u0022\\n\",\"test_loss\":null,\"epoch\":12345678901}\n", Text);
        Assert.Equal(1.0 / 3, MetricsLog.Read(File)[0].GetProperty("loss").GetDouble());
    }

    [Fact]
    public void Numbers_that_are_not_finite_are_texts_that_parsers_know()
    {
        using (MetricsLog log = MetricsLog.Open(File, 0))
            log.Append(("a", double.NaN), ("b", double.PositiveInfinity), ("c", double.NegativeInfinity), ("d", -0.0));
        Assert.Equal("{\"a\":\"NaN\",\"b\":\"Infinity\",\"c\":\"-Infinity\",\"d\":-0}\n", Text);
        Assert.True(double.IsNegativeInfinity(double.Parse(MetricsLog.Read(File)[0].GetProperty("c").GetString()!, CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void A_resumed_log_is_truncated_to_the_checkpoint_and_continues_as_if_uninterrupted()
    {
        string expected = string.Concat(Enumerable.Range(0, 10).Select(i => $"{{\"step\":{i}}}\n"));
        long atFive;
        using (MetricsLog log = MetricsLog.Open(File, 0))
        {
            Add(log, 0, 5);
            atFive = log.Sync();
            Add(log, 5, 8);
            log.Flush();
        }
        System.IO.File.AppendAllText(File, "{\"step\":8,\"lo");
        using (MetricsLog log = MetricsLog.Open(File, atFive))
        {
            Assert.Equal(atFive, log.Length);
            Add(log, 5, 10);
        }
        Assert.Equal(expected, Text);
    }

    [Fact]
    public void Length_counts_what_is_in_the_file_and_nothing_that_waits()
    {
        using MetricsLog log = MetricsLog.Open(File, 0);
        Add(log, 0, 3);
        Assert.Equal(0, log.Length);
        Assert.Equal(new FileInfo(File).Length, log.Length);
        Assert.Equal(33, log.Sync());
        Assert.Equal(33, new FileInfo(File).Length);
    }

    [Theory]
    [InlineData(1, "the end of a line here")]
    [InlineData(11, null)]
    [InlineData(12, "the end of a line here")]
    [InlineData(33, null)]
    [InlineData(34, "the file ends here")]
    [InlineData(long.MaxValue, "the file ends here")]
    public void A_log_that_is_not_what_the_checkpoint_says_is_refused_or_kept_as_configured(long length, string? refusal)
    {
        using (MetricsLog log = MetricsLog.Open(File, 0))
            Add(log, 0, 3);
        if (refusal is null)
        {
            MetricsLog.Open(File, length).Dispose();
            Assert.Equal(length, Text.Length);
            return;
        }
        Assert.Contains(refusal, Assert.Throws<DamagedFileException>(() => MetricsLog.Open(File, length)).Message);
        var tolerated = new List<GpuGradException>();
        MetricsLog.Open(File, length, tolerated.Add).Dispose();
        Assert.Single(tolerated);
        Assert.Equal(Math.Min(33, length / 11 * 11), Text.Length);
    }

    [Fact]
    public void A_missing_log_is_restarted_if_that_is_tolerated()
    {
        Assert.Throws<MissingFileException>(() => MetricsLog.Open(File, 100));
        var tolerated = new List<GpuGradException>();
        MetricsLog.Open(File, 100, tolerated.Add).Dispose();
        Assert.Single(tolerated);
        Assert.Equal("", Text);
    }

    [Fact]
    public void Reading_leaves_out_a_torn_last_line_and_refuses_what_is_not_json()
    {
        System.IO.File.WriteAllText(File, "{\"a\":1}\n{\"a\":2}\n{\"a\":");
        Assert.Equal([1, 2], MetricsLog.Read(File).Select(l => l.GetProperty("a").GetInt32()));
        System.IO.File.WriteAllText(File, "{\"a\":1}\n\n");
        Assert.StartsWith($"{File}:8: line 2 is not JSON", Assert.Throws<DamagedFileException>(() => MetricsLog.Read(File)).Message);
        System.IO.File.WriteAllText(File, "[1]\n");
        Assert.StartsWith($"{File}:0: line 1 is not a JSON object", Assert.Throws<DamagedFileException>(() => MetricsLog.Read(File)).Message);
    }

    public static TheoryData<Failing, int> Faults => new()
    {
        { Failing.Once, Errno.NoSpace },
        { Failing.Once, Errno.InputOutput },
        { Failing.Once, Errno.Interrupted },
        { Failing.Short, 0 },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Whatever_call_fails_the_lines_end_up_whole_complete_and_in_order(Failing failing, int errno)
    {
        for (int nth = 1 + CallsToOpen; ; nth++)
        {
            System.IO.File.Delete(File);
            var files = new FaultyFiles(FileSystem.Current, nth, failing, errno);
            var failures = new List<GpuGradException>();
            using (MetricsLog log = MetricsLog.Open(File, 0, failures.Add, files))
            {
                for (int i = 0; i < 4; i++)
                {
                    Add(log, i * 2, (i * 2) + 2);
                    Assert.True(log.Sync() <= new FileInfo(File).Length);
                }
            }
            if (!files.Fired)
                break;
            Assert.Equal(string.Concat(Enumerable.Range(0, 8).Select(i => $"{{\"step\":{i}}}\n")), Text);
            Assert.Equal(errno is Errno.NoSpace or Errno.InputOutput && files.Calls[nth - 1] is "write" or "sync", failures.Count > 0);
        }
    }

    [Fact]
    public void A_partial_line_written_before_a_failure_is_removed()
    {
        var disk = new FullDisk(FileSystem.Current) { Room = 50 };
        var failures = new List<GpuGradException>();
        using MetricsLog log = MetricsLog.Open(File, 0, failures.Add, disk);
        Add(log, 0, 3);
        Assert.Equal(33, log.Sync());
        Add(log, 3, 8);
        Assert.Equal(33, log.Sync());
        Assert.Contains("no space left on the device (ENOSPC); 55 bytes needed, 0 free", Assert.Single(failures).Message);
        disk.Room = 1000;
        Assert.Equal(88, log.Sync());
        Assert.Equal(string.Concat(Enumerable.Range(0, 8).Select(i => $"{{\"step\":{i}}}\n")), Text);
    }

    [Fact]
    public void A_disk_that_stays_full_costs_lines_and_not_memory()
    {
        var disk = new FullDisk(FileSystem.Current);
        int failures = 0;
        using MetricsLog log = MetricsLog.Open(File, 0, _ => failures++, disk);
        string text = new('x', 100_000);
        for (int i = 0; i < 300; i++)
            log.Append(("text", text));
        Assert.InRange(failures, 1, 3);
        Assert.InRange(log.Dropped, 100, 200);
    }

    [Fact]
    public void Where_failures_are_not_tolerated_they_are_thrown()
    {
        using MetricsLog log = MetricsLog.Open(File, 0, null, new FullDisk(FileSystem.Current));
        Add(log, 0, 3);
        Assert.Equal(Errno.NoSpace, Assert.Throws<StorageException>(() => log.Sync()).Number);
    }

    private static void Add(MetricsLog log, int begin, int end)
    {
        for (int i = begin; i < end; i++)
            log.Append(("step", i));
    }

    /// <summary>Takes so many bytes in all.</summary>
    private sealed class FullDisk(IFileSystem inner) : PassingFiles(inner)
    {
        public int Room { get; set; }

        public override long Write(long handle, ReadOnlySpan<byte> bytes)
        {
            if (Room == 0)
                return -Errno.NoSpace;
            long written = base.Write(handle, bytes[..Math.Min(Room, bytes.Length)]);
            Room -= (int)written;
            return written;
        }

        public override long Free(string folder) => Room;
    }
}
