using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Data;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Sequences;

/// <summary>The lengths of padded sequences stay with their samples, wherever these go.</summary>
public sealed class LengthTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Series_that_are_held_back_keep_their_lengths()
    {
        for (int i = 0; i < 20; i++)
            folder.Write($"d/{(i % 2 == 0 ? "even" : "odd")}/{i}.csv", string.Concat(Enumerable.Repeat("1\n", 1 + i)));
        TrainingData data = Load.Training("{dataset: {series: d}, validation: 0.4}", folder.Path);
        Assert.Equal(8, data.Validation!.Count);
        foreach (SampleSet part in new[] { data.Train, data.Validation })
            Assert.Equal(part.Lengths!, part.Reals!.Chunk(20).Select(steps => steps.Count(v => v == 1)));
    }

    [Fact]
    public void A_batch_has_the_lengths_of_its_samples_in_any_order()
    {
        int[] order = [2, 0, 3, 1];
        var samples = new SampleSet { Shape = new Shape(5, 1), Count = 4, Reals = [.. Enumerable.Range(0, 20).Select(i => i / 5f)], Labels = [0, 1, 0, 1], Lengths = [1, 2, 3, 4] };
        using var device = new CpuDevice(1);
        using var memory = new DeviceMemory(device);
        var graph = new Graph();
        var source = new BatchSource("test", samples, Normalization.None(5));
        Batch batch = source.Fetch(graph, 4, graph.Persistent("clock", new TensorType(new Shape(ClockLayout.Length), ElementType.Int32)));
        source.Upload(memory);
        source.Shuffle(memory, order);
        using Plan plan = Plan.Of(graph, memory, new PlanOptions { Keep = [batch.Lengths!] });
        plan.Run();
        var lengths = new int[4];
        plan.Read(batch.Lengths!, lengths);
        Assert.Equal([3, 1, 4, 2], lengths);
    }

    [Theory]
    [InlineData(1, 3, true)]
    [InlineData(0, 3, false)]
    [InlineData(1, 4, false)]
    public void Lengths_of_a_batch_file_are_those_of_its_steps(int first, int second, bool fits)
    {
        string path = Path.Combine(folder.Path, "b.npz");
        NpzWriter.Save(path, npz =>
        {
            npz.Add("x", [2, 3, 1], [1f, 2, 3, 4, 5, 6]);
            npz.Add("y", [2], [0, 1]);
            npz.Add("lengths", [2], [first, second]);
        });
        RunConfig config = RunConfigFile.Load("c.yaml", text: "data: {shape: [3, 1], classes: 2}\nmodel: [{time-pool: mean}, {dense: 2}]\n").Config;
        SampleSet Read() => StepBatch.FromNpz(path, config.Data.KnownShape!, config);
        if (fits)
            Assert.Equal([first, second], Read().Lengths!);
        else
            Assert.Contains("whole numbers from 1 to 3", Assert.Throws<GpuGradException>(Read).Message, StringComparison.Ordinal);
    }
}
