using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Tests.Data;

public sealed class PreparationTests
{
    [Theory]
    [InlineData("0.2", 40, 160)]
    [InlineData("37", 37, 163)]
    [InlineData("1", 1, 199)]
    [InlineData("199", 199, 1)]
    public void The_held_back_part_has_the_size_asked_for_and_shares_nothing_with_the_rest(string size, int held, int kept)
    {
        TrainingData data = TrainingData.Prepare(Load.Config($"{{dataset: xor, validation: {size}}}"), Numbered(200, 3), 1);
        Assert.Equal((kept, held), (data.Train.Count, data.Validation!.Count));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => (float)i), data.Train.Reals!.Concat(data.Validation.Reals!).Order());
    }

    [Fact]
    public void Every_class_gives_its_share()
    {
        // 150 of class 0, 45 of class 1, 5 of class 2.
        int[] labels = [.. Enumerable.Range(0, 200).Select(i => i < 150 ? 0 : i < 195 ? 1 : 2)];
        TrainingData data = TrainingData.Prepare(Load.Config("{dataset: xor, validation: 0.2}"), Numbered(200, 3, labels), 1);
        Assert.Equal([30, 9, 1], Counts(data.Validation!));
        Assert.Equal([120, 36, 4], Counts(data.Train));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(33)]
    [InlineData(101)]
    public void Shares_that_are_not_whole_differ_by_less_than_one(int held)
    {
        int[] labels = [.. Enumerable.Range(0, 257).Select(i => i * i % 7)];
        (int[] kept, int[] heldBack) = Splitter.Split(Numbered(257, 7, labels).Train, held, new RandomStream(1, Purpose.Split));
        Assert.Equal(held, heldBack.Length);
        Assert.Equal(Enumerable.Range(0, 257), kept.Concat(heldBack).Order());
        for (int c = 0; c < 7; c++)
            Assert.InRange(heldBack.Count(i => labels[i] == c) - (held * labels.Count(l => l == c) / 257.0), -1, 1);
    }

    [Fact]
    public void Parts_follow_from_the_seed_alone()
    {
        int[] Held(ulong seed) => Splitter.Split(Numbered(100, 2).Train, 10, new RandomStream(seed, Purpose.Split)).Held;
        Assert.Equal(Held(1), Held(1));
        Assert.NotEqual(Held(1), Held(2));
    }

    [Fact]
    public void A_limit_a_test_and_a_validation_part_come_out_of_the_training_samples_one_after_the_other()
    {
        TrainingData data = TrainingData.Prepare(Load.Config("{dataset: xor, limit: 100, test: 0.2, validation: 10}"), Numbered(200, 2), 1);
        Assert.Equal((70, 10, 20), (data.Train.Count, data.Validation!.Count, data.Test!.Count));
        float[] all = [.. data.Train.Reals!, .. data.Validation.Reals!, .. data.Test.Reals!];
        Assert.Equal(100, all.Distinct().Count());
        Assert.Contains(all, v => v >= 150);
    }

    [Theory]
    [InlineData("validation: 200", "leaves none to train on")]
    [InlineData("validation: 201", "leaves none to train on")]
    [InlineData("limit: 10, test: 5, validation: 5", "'validation: 5' of 5 training samples")]
    public void Parts_that_leave_nothing_are_refused(string keys, string says)
    {
        GpuGradException e = Assert.ThrowsAny<GpuGradException>(() => TrainingData.Prepare(Load.Config($"{{dataset: xor, {keys}}}"), Numbered(200, 2), 1));
        Assert.Equal(Fault.Config, e.Fault);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_test_part_beside_a_test_set_is_refused() =>
        Assert.Contains("its own test set", Load.Refusal("{dataset: xor, test: 0.1}", fault: Fault.Config), StringComparison.Ordinal);

    [Fact]
    public void Without_a_data_set_there_is_nothing_to_train_on() =>
        Assert.Contains("no 'dataset'", Load.Refusal("{shape: [3], classes: 2}", fault: Fault.Config), StringComparison.Ordinal);

    [Fact]
    public void Standard_scaling_makes_mean_0_and_deviation_1_of_the_training_part_alone()
    {
        TrainingData data = Load.Training("{dataset: {blobs: {dimensions: 3}}, validation: 0.5}");
        for (int c = 0; c < 3; c++)
        {
            double[] scaled = [.. Enumerable.Range(0, data.Train.Count).Select(i => (data.Train.Reals![(i * 3) + c] * data.Normalization.Scale[c]) + data.Normalization.Shift[c])];
            Assert.Equal(0, scaled.Average(), 1e-9);
            Assert.Equal(1, scaled.Average(v => v * v), 1e-9);
            double[] other = [.. Enumerable.Range(0, data.Validation!.Count).Select(i => (data.Validation.Reals![(i * 3) + c] * data.Normalization.Scale[c]) + data.Normalization.Shift[c])];
            Assert.NotEqual(0, other.Average(), 1e-6);
        }
    }

    [Fact]
    public void Unit_scaling_takes_bytes_by_255_and_other_numbers_by_their_range_and_none_takes_them_as_they_are()
    {
        SampleSet bytes = new() { Shape = new Shape(2, 1, 1), Count = 2, Bytes = [0, 10, 255, 20], Labels = [0, 1] };
        Assert.Equal([1 / 255.0, 1 / 255.0], TrainingData.NormalizationOf(Normalize.Unit, bytes).Scale);
        Assert.Equal([1.0, 1], TrainingData.NormalizationOf(Normalize.None, bytes).Scale);
        SampleSet reals = new() { Shape = new Shape(2), Count = 2, Reals = [-2, 5, 6, 5], Labels = [0, 1] };
        Assert.Equal([0.125, 1], TrainingData.NormalizationOf(Normalize.Unit, reals).Scale);
        Assert.Equal([0.25, -5], TrainingData.NormalizationOf(Normalize.Unit, reals).Shift);
        // The second column is the same everywhere.
        Assert.Equal([0.25, 1], TrainingData.NormalizationOf(Normalize.Standard, reals).Scale);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 2, 5)]
    [InlineData(1025, 1, 33)]
    [InlineData(2, 3, 1100000)]
    public void Statistics_are_those_of_plain_loops(int count, int channels, int size)
    {
        var random = new RandomStream(1, Purpose.Explore);
        byte[] bytes = [.. Enumerable.Range(0, count * channels * size).Select(_ => (byte)(255 - (random.NextBits() >> 26)))];
        var shape = new Shape(channels, size, 1);
        IReadOnlyList<ChannelStatistics> fromBytes = ChannelStatistics.Of(new SampleSet { Shape = shape, Count = count, Bytes = bytes });
        IReadOnlyList<ChannelStatistics> fromReals = ChannelStatistics.Of(new SampleSet { Shape = shape, Count = count, Reals = Array.ConvertAll(bytes, b => (float)b) });
        for (int c = 0; c < channels; c++)
        {
            int[] values = [.. Enumerable.Range(0, count * size).Select(i => (int)bytes[(((i / size * channels) + c) * size) + (i % size)])];
            double mean = values.Average(), deviation = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
            foreach (ChannelStatistics found in new[] { fromBytes[c], fromReals[c] })
            {
                Assert.Equal((values.Min(), values.Max()), (found.Minimum, found.Maximum));
                Assert.Equal(mean, found.Mean, 1e-9 * mean);
                Assert.Equal(deviation, found.Deviation, 1e-8 * Math.Max(1, deviation));
            }
        }
    }

    [Fact]
    public void A_large_mean_does_not_hide_a_small_deviation()
    {
        float[] values = [.. Enumerable.Range(0, 4096).Select(i => 1e6f + (i % 2))];
        Assert.Equal(0.5, ChannelStatistics.Of(new SampleSet { Shape = new Shape(1), Count = 4096, Reals = values })[0].Deviation, 1e-12);
    }

    [Fact]
    public void A_summary_counts_samples_classes_and_values()
    {
        DataSummary summary = DataSummary.Of(Load.Training("{dataset: {spirals: {train: 300, test: 30}}, validation: 0.1}"));
        Assert.Equal(["train 270", "validation 30", "test 30"], summary.Samples.Select(s => $"{s.Key} {s.Value}"));
        Assert.Equal(["0 90", "1 90", "2 90"], summary.Classes.Select(s => $"{s.Key} {s.Value}"));
        Assert.Equal(2, summary.Channels.Count);
        Assert.Empty(summary.Targets);
        Assert.Equal("spirals of 3 arms, generated with seed 1", summary.Origin);
        DataSummary regression = DataSummary.Of(Load.Training("{dataset: {linear: {targets: 3}}}"));
        Assert.Equal(3, regression.Targets.Count);
        Assert.Empty(regression.Classes);
        Assert.Equal(64, regression.Fingerprint.Length);
    }

    private static DataSet Numbered(int count, int classes, int[]? labels = null)
    {
        var samples = new SampleSet
        {
            Shape = new Shape(1),
            Count = count,
            Reals = [.. Enumerable.Range(0, count).Select(i => (float)i)],
            Labels = labels ?? [.. Enumerable.Range(0, count).Select(i => i % classes)],
        };
        return new DataSet { Shape = new DataShape(samples.Shape, classes), Train = samples, Origin = "test", Fingerprint = "" };
    }

    private static int[] Counts(SampleSet samples) => [.. Enumerable.Range(0, 3).Select(c => samples.Labels!.Count(l => l == c))];
}
