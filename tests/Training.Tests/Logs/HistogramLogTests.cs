using System.Buffers.Binary;
using Google.Protobuf;
using GpuGrad.Training.Tests.Storage;
using Tensorboard;
using HistogramLog = GpuGrad.Training.Logs.TensorBoard.HistogramLog;

namespace GpuGrad.Training.Tests.Logs;

/// <summary>Histograms of event files that are made here, with TensorBoard's own messages.</summary>
public sealed class HistogramLogTests : IDisposable
{
    private const string First = "events.out.tfevents.0001.gpugrad";

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Of_a_long_run_some_are_kept_evenly_spread_and_the_newest_always()
    {
        var log = new HistogramLog(folder.Path);
        for (int epoch = 1; epoch <= 300; epoch++)
        {
            Append(First, Histogram(epoch, "weights/0.weight", epoch));
            log.Update();
            long[] steps = [.. log["weights/0.weight"].Select(h => h.Step)];
            Assert.Equal((1L, (long)epoch), (steps[0], steps[^1]));
            Assert.InRange(steps.Length, Math.Min(epoch, 16), 32);
            Assert.InRange(steps.Zip(steps.Skip(1), (a, b) => b - a).SkipLast(1).Distinct().Count(), 0, 1);
        }
        Assert.Equal([300L, 0L], log["weights/0.weight"][^1].Counts);
    }

    [Fact]
    public void Half_a_message_waits_for_its_end_and_a_damaged_one_ends_the_file()
    {
        byte[] whole = Framed(Histogram(2, "gradients/1", 5));
        Append(First, Histogram(1, "gradients/1", 3));
        var log = new HistogramLog(folder.Path);
        for (int i = 0; i < whole.Length; i++)
        {
            File.AppendAllBytes(folder[First], whole[i..(i + 1)]);
            log.Update();
            Assert.Equal(i + 1 < whole.Length ? 1 : 2, log["gradients/1"].Count);
        }
        byte[] sound = File.ReadAllBytes(folder[First]);
        for (int i = sound.Length - whole.Length; i < sound.Length; i++)
        {
            byte[] damaged = [.. sound];
            damaged[i] ^= 0x10;
            File.WriteAllBytes(folder[First], damaged);
            var other = new HistogramLog(folder.Path);
            other.Update();
            Assert.Single(other["gradients/1"]);
        }
    }

    [Fact]
    public void What_is_no_histogram_of_ours_is_left_out()
    {
        Append(First, Histogram(1, "a", double.NaN));
        Append(First, new Event { Step = 1, Summary = new Summary { Value = { new Summary.Types.Value { Tag = "b", SimpleValue = 1 } } } });
        Append(First, new Event { Step = 1, Summary = new Summary { Value = { new Summary.Types.Value { Tag = "c", Histo = new HistogramProto { Min = 2, Max = 1, Bucket = { 1 }, BucketLimit = { 1 } } } } } });
        Append(First, new Event { Step = 1, Summary = new Summary { Value = { new Summary.Types.Value { Tag = "d", Histo = new HistogramProto { Min = 1, Max = 2 } } } } });
        Append("events.out.tfevents.12345.host", Histogram(1, "e", 1));
        var log = new HistogramLog(folder.Path);
        log.Update();
        Assert.Empty(log.Tags);
        Assert.Empty(log["a"]);
    }

    private void Append(string file, Event message) => File.AppendAllBytes(folder[file], Framed(message));

    private static Event Histogram(long step, string tag, double count) => new()
    {
        Step = step,
        Summary = new Summary { Value = { new Summary.Types.Value { Tag = tag, Histo = new HistogramProto { Min = -1, Max = 1, Num = count, BucketLimit = { 0, 1 }, Bucket = { count, 0 } } } } },
    };

    private static byte[] Framed(Event message)
    {
        byte[] body = message.ToByteArray(), length = new byte[8], check = new byte[4], last = new byte[4];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(check, EventReader.Masked(length));
        BinaryPrimitives.WriteUInt32LittleEndian(last, EventReader.Masked(body));
        return [.. length, .. check, .. body, .. last];
    }
}
