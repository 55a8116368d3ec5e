using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Starters;

namespace GpuGrad.Training.Tests.Starters;

/// <summary>Arrays and pictures become configs that train.</summary>
public sealed class ArrayStarterTests : StarterFolder
{
    [Theory]
    [InlineData("x", "y", "x_test", "y_test")]
    [InlineData("X_train", "y_train", "X_test", "y_test")]
    [InlineData("images", "labels", null, null)]
    [InlineData("arr_0", "arr_1", null, null)]
    public void Arrays_of_an_archive_are_found_by_their_names(string x, string y, string? testX, string? testY)
    {
        NpzWriter.Save(Path.Combine(folder.Path, "a.npz"), writer =>
        {
            writer.Add(x, [40, 3], Enumerable.Range(0, 120).Select(i => i * 0.1f).ToArray());
            writer.Add(y, [40], Enumerable.Range(0, 40).Select(i => i % 2).ToArray());
            if (testX is null)
                return;
            writer.Add(testX, [4, 3], new float[12]);
            writer.Add(testY!, [4], new[] { 0, 1, 0, 1 });
        });
        Starter starter = Of("a.npz");
        Assert.Equal(("arrays", 2, 40L), (starter.Kind, starter.Classes, starter.Samples));
        Assert.Equal(testX is null ? 8 : 4, Trains(starter).Test!.Count);
    }

    [Theory]
    [InlineData(1, 2, "classification", "bce-with-logits", "yes or no")]
    [InlineData(3, 2, "multi-label", "bce-with-logits", "any of 3 labels")]
    [InlineData(1, 4, "regression", "mse", "a number")]
    [InlineData(1, 40, "regression", "mse", "a number")]
    public void Floating_point_answers_that_say_no_or_yes_are_labels_and_a_few_whole_ones_may_be_classes(int width, int values, string task, string loss, string target)
    {
        NpzWriter.Save(Path.Combine(folder.Path, "a.npz"), writer =>
        {
            writer.Add("x", [40, 3], Enumerable.Range(0, 120).Select(i => i * 0.1f).ToArray());
            writer.Add("y", [40, width], Enumerable.Range(0, 40 * width).Select(i => (float)(i * 7 % 40 % values)).ToArray());
        });
        Starter starter = Of("a.npz");
        Assert.Equal(task, starter.Task);
        Assert.Contains(("target", target), starter.Findings);
        Assert.Contains($"loss: {loss}\n", starter.Yaml, StringComparison.Ordinal);
        Assert.Equal(values == 4, starter.Findings.Any(f => f.Text.Contains("4 different integers: save them as integers", StringComparison.Ordinal)));
        Trains(starter);
    }

    [Fact]
    public void Arrays_of_pictures_get_filters_and_numbers_to_predict_a_loss_for_them()
    {
        NpzWriter.Save(Path.Combine(folder.Path, "p.npz"), writer =>
        {
            writer.Add("x", [30, 12, 16, 3], Enumerable.Range(0, 30 * 12 * 16 * 3).Select(i => (byte)i).ToArray());
            writer.Add("y", [30], Enumerable.Range(0, 30).Select(i => i * 0.5f).ToArray());
        });
        Starter starter = Of("p.npz");
        Assert.Contains("channels-last: true", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("conv: ", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("loss: mse", starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
    }

    [Theory]
    [InlineData("", 24, 32, false, 255)]
    [InlineData("train/", 24, 32, false, 2)]
    [InlineData("", 100, 50, true, 2)]
    public void Pictures_with_masks_become_a_u_net_judged_by_the_areas(string part, int height, int width, bool resized, int most)
    {
        for (int i = 0; i < 12; i++)
        {
            byte[] mask = [.. Enumerable.Range(0, height * width).Select(p => (byte)(p % width < width / 2 ? 0 : most == 255 ? 255 : 1 + (p / width * 2 / height)))];
            folder.Write($"cells/{part}images/{i}.png", PngWriter.Write(new Picture(width, height, 1, [.. mask.Select(v => (byte)(40 + (50 * (v % 4))))])));
            folder.Write($"cells/{part}masks/{i}.png", PngWriter.Write(new Picture(width, height, 1, mask)));
        }
        Starter starter = Of("cells");
        Assert.Equal(("segmentation", "segmentation", most == 255 ? 2 : 3), (starter.Kind, starter.Task, starter.Classes));
        Assert.Equal(resized, starter.Yaml.Contains("resize: 48", StringComparison.Ordinal));
        Assert.Contains(most == 255 ? "conv: {filters: 1, kernel: 1}" : "conv: {filters: 3, kernel: 1}", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("upsample", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("monitor: validation-mean-iou", starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
    }

    [Theory]
    [InlineData(true, "segmentation", "filters: 3, kernel: 1", "validation-mean-iou")]
    [InlineData(false, "regression", "filters: 2, kernel: 1", "validation-loss")]
    public void Arrays_with_an_answer_for_each_pixel_become_a_u_net(bool areClasses, string task, string end, string judged)
    {
        NpzWriter.Save(Path.Combine(folder.Path, "m.npz"), writer =>
        {
            writer.Add("x", [20, 16, 16], Enumerable.Range(0, 20 * 256).Select(i => (byte)(i * 11)).ToArray());
            if (areClasses)
                writer.Add("y", [20, 16, 16], Enumerable.Range(0, 20 * 256).Select(i => i * 11 / 100 % 3).ToArray());
            else
                writer.Add("y", [20, 2, 16, 16], Enumerable.Range(0, 20 * 512).Select(i => i * 0.001f).ToArray());
        });
        Starter starter = Of("m.npz");
        Assert.Equal(task, starter.Task);
        Assert.Contains(end, starter.Yaml, StringComparison.Ordinal);
        Assert.Contains(judged, starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(6, 8, 1)]
    public void An_archive_of_one_array_becomes_an_autoencoder(params int[] sample)
    {
        int[] sizes = [40, .. sample];
        NpzWriter.Save(Path.Combine(folder.Path, "o.npz"), writer => writer.Add("x", sizes, Enumerable.Range(0, sizes.Aggregate(1, (a, b) => a * b)).Select(i => (float)Math.Sin(i * 0.7)).ToArray()));
        Starter starter = Of("o.npz");
        Assert.Equal("autoencoder", starter.Task);
        Assert.Contains("target: input", starter.Yaml, StringComparison.Ordinal);
        Assert.True(Trains(starter).Train.TargetIsInput);
    }

    [Theory]
    [InlineData("train-images-idx3-ubyte", true)]
    [InlineData("all.npy", false)]
    [InlineData("all.npz", false)]
    public void Arrays_are_their_own_targets_where_that_is_asked_for(string name, bool hasTest)
    {
        byte[] idx = [0, 0, 8, 3, 0, 0, 0, 30, 0, 0, 0, 8, 0, 0, 0, 8, .. Enumerable.Range(0, 30 * 64).Select(i => (byte)(i * 7))];
        if (name == "all.npz")
        {
            NpzWriter.Save(Path.Combine(folder.Path, name), writer =>
            {
                writer.Add("x_train", [30, 6], [.. Enumerable.Range(0, 180).Select(i => (float)i)]);
                writer.Add("y_train", [30], [.. Enumerable.Range(0, 30).Select(i => i % 2)]);
            });
        }
        else
        {
            folder.Write(name, name == "all.npy" ? [.. Npy.Header([30, 8, 8], NumberType.UInt8), .. idx[16..]] : idx);
        }
        if (hasTest)
            folder.Write("t10k-images-idx3-ubyte", idx);
        TrainingData data = Trains(Of(name, "input"));
        Assert.True(data.Train.TargetIsInput);
        Assert.True(!hasTest || data.Test is { TargetIsInput: true, Count: 30 });
    }

    [Theory]
    [InlineData("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", ".")]
    [InlineData("pictures-images.idx", "pictures-labels.idx", null, null, "pictures-images.idx")]
    public void Idx_files_find_their_labels(string images, string labels, string? testImages, string? testLabels, string data)
    {
        byte[] pixels = [0, 0, 8, 3, 0, 0, 0, 30, 0, 0, 0, 8, 0, 0, 0, 8, .. Enumerable.Range(0, 30 * 64).Select(i => (byte)(i * 7))];
        byte[] classes = [0, 0, 8, 1, 0, 0, 0, 30, .. Enumerable.Range(0, 30).Select(i => (byte)(i % 3))];
        folder.Write(images, pixels);
        folder.Write(labels, classes);
        if (testImages is not null)
        {
            folder.Write(testImages, pixels);
            folder.Write(testLabels!, classes);
        }
        Starter starter = Of(data);
        Assert.Equal(("arrays", 3, 30L), (starter.Kind, starter.Classes, starter.Samples));
        // A picture of 8 × 8 is halved once, and is not left with one layer of filters for that.
        Assert.Equal(3, starter.Yaml.Split("- conv:").Length - 1);
        Assert.Equal(testImages is null ? 6 : 30, Trains(starter).Test!.Count);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Pictures_lie_in_a_folder_for_each_class(bool hasTest, bool sizesDiffer)
    {
        foreach (string part in hasTest ? ["p/train/", "p/test/"] : new[] { "p/" })
        {
            for (int i = 0; i < 20; i++)
            {
                int side = sizesDiffer && i % 3 == 0 ? 20 : 16;
                folder.Write($"{part}{(i % 2 == 0 ? "cat" : "dog")}/{i}.png", PngWriter.Write(new Picture(side, side, 3, [.. Enumerable.Range(0, side * side * 3).Select(b => (byte)(b * i))])));
            }
        }
        Starter starter = Of("p");
        Assert.Equal(("pictures", 2, 20L), (starter.Kind, starter.Classes, starter.Samples));
        Assert.Equal(sizesDiffer, starter.Yaml.Contains("resize: {size: 32, method: crop}", StringComparison.Ordinal));
        Assert.Equal(hasTest ? 20 : 4, Trains(starter).Test!.Count);
    }
}
