using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Arrays and pictures for a trained network: layouts, scaling, colours.</summary>
public sealed class ArrayInputTests : TrainedPipelines
{
    public static TheoryData<string, int[]> Layouts => new()
    {
        { "{x: nhw, y: y}", [6, 4, 5] },
        { "{x: nchw, y: y}", [6, 3, 4, 5] },
        { "{x: nhwc, y: y, channels-last: true}", [6, 4, 5, 3] },
        { "{x: one, y: y}", [6] },
        { "{x: rows, y: y}", [6, 7] },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void The_archive_that_a_network_was_trained_on_is_read_again_to_the_same_numbers(string keys, int[] sizes)
    {
        foreach (bool bytes in new[] { false, true })
        {
            string x = keys[4..keys.IndexOf(',', StringComparison.Ordinal)];
            string path = Path.Combine(folder.Path, "train.npz");
            int count = sizes.Aggregate(1, (a, b) => a * b);
            NpzWriter.Save(path, w =>
            {
                if (bytes)
                    w.Add(x, sizes, [.. Enumerable.Range(0, count).Select(i => (byte)(i * 7))]);
                else
                    w.Add(x, sizes, [.. Enumerable.Range(0, count).Select(i => i / 3.0)]);
                w.Add("y", [6], [0, 1, 0, 1, 0, 1]);
            });
            TrainingData data = Prepare($"{{npz: {{path: train.npz, {keys[1..^1]}}}}}", out InputPipeline pipeline);
            SampleSet again = pipeline.Read(path);
            Assert.Equal(data.Train.Shape, again.Shape);
            Assert.Equal(Numbers(data.Train), Numbers(again));
            Assert.Equal(bytes, again.Bytes is not null);
            Assert.Equal(data.Train.Labels!, pipeline.Read(path, answers: true).Labels!);
        }
    }

    [Theory]
    [InlineData(new[] { 6, 4, 5, 3 }, 6)]
    [InlineData(new[] { 4, 5, 3 }, 1)]
    [InlineData(new[] { 3, 4, 5 }, 1)]
    [InlineData(new[] { 2, 3, 4, 5 }, 2)]
    [InlineData(new[] { 4, 5 }, 0)]
    [InlineData(new[] { 6, 4, 5 }, 0)]
    [InlineData(new[] { 6, 3, 5, 4 }, 0)]
    [InlineData(new[] { 6, 60 }, 0)]
    [InlineData(new[] { 60 }, 0)]
    public void Pictures_in_another_layout_are_taken_where_only_one_fits_and_refused_where_none_does(int[] sizes, int count)
    {
        NpzWriter.Save(Path.Combine(folder.Path, "train.npz"), w =>
        {
            w.Add("x", [2, 3, 4, 5], new float[120]);
            w.Add("y", [2], [0, 1]);
        });
        Prepare("{npz: train.npz}", out InputPipeline pipeline);
        float[] values = [.. Enumerable.Range(0, sizes.Aggregate(1, (a, b) => a * b)).Select(i => (float)i)];
        string path = Path.Combine(folder.Path, "new.npz");
        NpzWriter.Save(path, w => w.Add("x", sizes, values));
        if (count == 0)
        {
            Assert.Contains($"an array of shape {new Shape(sizes)}; expected [N, 3, 4, 5] or [N, 4, 5, 3]", Refusal(() => pipeline.Read(path)), StringComparison.Ordinal);
            return;
        }
        SampleSet samples = pipeline.Read(path);
        Assert.Equal((count, new Shape(3, 4, 5)), (samples.Count, samples.Shape));
        // The second number of the first channel is one channel further where channels come last.
        Assert.Equal(sizes[^1] == 3 ? 3 : 1, samples[1]);
    }

    [Fact]
    public void An_array_that_fits_no_layout_is_refused_with_each_layout_once()
    {
        var x = NumberArray.Of([2, 5, 5], new float[50]);
        string Says(params int[] shape) => Refusal(() => ArrayLayout.Fit(x, "x", new FittedInput { Shape = new DataShape(new Shape(shape), 2), Normalization = Normalization.None(shape[0]) }, channelsLast: false));
        Assert.Equal("x: an array of shape [2, 5, 5]; expected [N, 3, 3, 3], as the network was trained on", Says(3, 3, 3));
        Assert.Equal("x: an array of shape [2, 5, 5]; expected [N, 3, 4, 4] or [N, 4, 4, 3], as the network was trained on", Says(3, 4, 4));
        Assert.Equal("x: an array of shape [2, 5, 5]; expected [N, 1, 4, 4] or [N, 4, 4, 1] or [N, 4, 4], as the network was trained on", Says(1, 4, 4));
        Assert.Equal("x: an array of shape [2, 5, 5]; expected [N, 7], as the network was trained on", Says(7));
    }

    [Fact]
    public void Pictures_are_scaled_and_coloured_as_in_training()
    {
        foreach (string name in new[] { "p/a/1.png", "p/b/1.png" })
            folder.Write(name, Png(8, 6, 3, 100));
        Prepare("{images: {path: p, resize: [3, 4]}}", out InputPipeline pipeline);
        SampleSet other = pipeline.Read(folder.Write("gray.png", Png(5, 9, 1, 50)));
        Assert.Equal(new Shape(3, 3, 4), other.Shape);
        Assert.All(other.Bytes!, b => Assert.Equal(50, b));
        Assert.All(pipeline.Read(folder.Write("clear.png", Png(4, 3, 4, 0))).Bytes!, b => Assert.Equal(0, b));
        SampleSet all = pipeline.Read(Path.Combine(folder.Path, "p"), answers: true);
        Assert.Equal([0, 1], all.Labels!);
        Assert.EndsWith("1.png", all.Places!.Files![1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_of_another_size_or_for_another_kind_of_network_is_refused()
    {
        foreach (string name in new[] { "p/a/1.png", "p/b/1.png" })
            folder.Write(name, Png(4, 4, 1, 100));
        Prepare("{images: p}", out InputPipeline pipeline);
        string wide = folder.Write("wide.png", Png(6, 4, 1, 1));
        Assert.Contains("wide.png: a picture of 6 × 4 pixels; expected 4 × 4 as in training", Refusal(() => pipeline.Read(wide)), StringComparison.Ordinal);
        Assert.Contains("wide.png: a picture; expected samples [N, 2]", Refusal(() => Trained(Table, TableData).Read(wide)), StringComparison.Ordinal);
        NpzWriter.Save(Path.Combine(folder.Path, "train.npz"), w =>
        {
            w.Add("x", [2, 1, 4, 6], [.. Enumerable.Range(0, 48).Select(i => i / 48f)]);
            w.Add("y", [2], [0, 1]);
        });
        Prepare("{npz: train.npz}", out InputPipeline floats);
        Assert.Contains("or they would be scaled differently", Refusal(() => floats.Read(wide)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 2, 8, 8, 3 }, true)]
    [InlineData(new[] { 2, 8, 6, 1 }, true)]
    [InlineData(new[] { 2, 3, 8, 8 }, false)]
    [InlineData(new[] { 2, 3, 8, 3 }, false)]
    [InlineData(new[] { 2, 8, 3 }, false)]
    public void Pictures_that_look_as_if_their_channels_came_last_are_remarked_on(int[] sizes, bool remarked)
    {
        NpzWriter.Save(Path.Combine(folder.Path, "train.npz"), w =>
        {
            w.Add("x", sizes, new byte[sizes.Aggregate(1, (a, b) => a * b)]);
            w.Add("y", [2], [0, 1]);
        });
        Assert.Equal(remarked, Prepare("{npz: train.npz}", out _).Notes.Any(n => n.Contains("'channels-last: true' reads", StringComparison.Ordinal)));
        Assert.Empty(Prepare("{npz: {path: train.npz, channels-last: true}}", out _).Notes);
    }

    [Fact]
    public void Numbers_that_somebody_scaled_already_are_remarked_on_where_training_had_bytes()
    {
        NpzWriter.Save(Path.Combine(folder.Path, "train.npz"), w =>
        {
            w.Add("x", [2, 2], new byte[] { 0, 255, 30, 90 });
            w.Add("y", [2], [0, 1]);
        });
        Prepare("{npz: train.npz}", out InputPipeline pipeline);
        string path = Path.Combine(folder.Path, "new.npz");
        NpzWriter.Save(path, w => w.Add("x", [1, 2], [0.1f, 0.9f]));
        pipeline.Read(path);
        Assert.Contains("all numbers are between 0 and 1, but the training data were bytes", Assert.Single(notes), StringComparison.Ordinal);
    }

    private static byte[] Png(int width, int height, int channels, byte tone) =>
        PngWriter.Write(new Picture(width, height, channels, [.. Enumerable.Range(0, width * height * channels).Select(i => channels == 4 && i % 4 == 3 ? (byte)0 : tone)]));
}
