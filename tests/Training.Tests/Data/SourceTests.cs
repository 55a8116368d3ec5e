using System.Globalization;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Tests.Data;

public sealed class SourceTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("-idx3-ubyte", "-idx1-ubyte", false)]
    [InlineData(".idx3-ubyte", ".idx1-ubyte", true)]
    public void Mnist_is_four_files_in_a_folder(string images, string labels, bool zipped)
    {
        WriteMnist("m", images, labels, zipped);
        DataSet data = Load.Set("{dataset: {mnist: m}}", folder.Path);
        Assert.Equal(new Shape(1, 28, 28), data.Shape.Shape);
        Assert.Equal((10, 3, 2), (data.Shape.Classes, data.Train.Count, data.Test!.Count));
        Assert.Equal([0, 1, 2], data.Train.Labels!);
        Assert.Equal(7, data.Train.Bytes![1]);
        Assert.Equal(14, data.Train.Bytes[2]);
    }

    [Fact]
    public void A_missing_or_cut_file_of_mnist_is_named()
    {
        Assert.Contains("no such folder", Load.Refusal("{dataset: {images: nowhere}}", folder.Path), StringComparison.Ordinal);
        WriteMnist("m", "-idx3-ubyte", "-idx1-ubyte", zipped: true);
        string test = Path.Combine(folder.Path, "m", "t10k-labels-idx1-ubyte.gz");
        byte[] whole = File.ReadAllBytes(test);
        File.WriteAllBytes(test, whole[..^9]);
        Assert.Contains(test, Load.Refusal("{dataset: {mnist: m}}", folder.Path), StringComparison.Ordinal);
        File.Delete(test);
        Assert.Contains("no t10k-labels-idx1-ubyte.gz; expected the four files", Load.Refusal("{dataset: {mnist: m}}", folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void Idx_files_need_as_many_labels_as_samples_and_classes_from_0()
    {
        folder.Write("x", Idx([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
        folder.Write("y", Idx([4], [0, 2, 1, 0]));
        folder.Write("y3", Idx([3], [0, 2, 1]));
        DataSet data = Load.Set("{dataset: {idx: {images: x, labels: y, class-names: [a, b, c]}}}", folder.Path);
        Assert.Equal(new DataShape(new Shape(2), 3), data.Shape);
        Assert.Equal(["a", "b", "c"], data.ClassNames!);
        Assert.Contains("y3: 3 labels or targets; expected 4", Load.Refusal("{dataset: {idx: {images: x, labels: y3}}}", folder.Path), StringComparison.Ordinal);
        Assert.Contains("the label 2; expected 0 to 1 for the 2 class names", Load.Refusal("{dataset: {idx: {images: x, labels: y, class-names: [a, b]}}}", folder.Path), StringComparison.Ordinal);
        Assert.Contains("expected both or none", Load.Refusal("{dataset: {idx: {images: x, labels: y, test-images: x}}}", folder.Path, Fault.Config), StringComparison.Ordinal);
        Assert.Contains("y: 4 labels", Load.Refusal("{dataset: {idx: {images: y3, labels: y}}}", folder.Path), StringComparison.Ordinal);
        Assert.Contains("idx lacks 'labels'", Load.Refusal("{dataset: {idx: {images: x}}}", folder.Path, Fault.Config), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{idx: {images: x, test-images: x}}")]
    [InlineData("{idx: {images: x, labels: nowhere, test-images: x, test-labels: nowhere}}")]
    [InlineData("{npy: {x: x.npy, test-x: x.npy}}")]
    public void Samples_that_are_their_own_targets_need_no_labels(string dataset)
    {
        folder.Write("x", Idx([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
        folder.Write("x.npy", Hostile.File("f4.npy"));
        TrainingData data = Load.Training($"{{dataset: {dataset}, target: input}}", folder.Path);
        Assert.True(data.Train.TargetIsInput && data.Test!.TargetIsInput);
        Assert.Equal((0, data.Shape.Shape.Count), (data.Shape.Classes, data.Shape.Targets));
    }

    [Fact]
    public void Cifar_10_is_six_files_and_cifar_100_two()
    {
        for (int i = 1; i <= 5; i++)
            folder.Write($"ten/cifar-10-batches-bin/data_batch_{i}.bin", [(byte)i, .. new byte[Cifar.Pixels]]);
        folder.Write("ten/cifar-10-batches-bin/test_batch.bin", [9, .. new byte[Cifar.Pixels], 0, .. new byte[Cifar.Pixels]]);
        DataSet ten = Load.Set("{dataset: {cifar10: ten}}", folder.Path);
        Assert.Equal([1, 2, 3, 4, 5], ten.Train.Labels!);
        Assert.Equal([9, 0], ten.Test!.Labels!);
        Assert.Equal("truck", ten.ClassNames![9]);
        Assert.Equal(new DataShape(new Shape(3, 32, 32), 10), ten.Shape);
        folder.Write("hundred/train.bin", [3, 77, .. new byte[Cifar.Pixels]]);
        folder.Write("hundred/test.bin", [4, 78, .. new byte[Cifar.Pixels]]);
        Assert.Equal([77], Load.Set("{dataset: {cifar100: hundred}}", folder.Path).Train.Labels!);
        DataSet coarse = Load.Set("{dataset: {cifar100: {path: hundred, labels: coarse}}}", folder.Path);
        Assert.Equal([3], coarse.Train.Labels!);
        Assert.Equal(20, coarse.Shape.Classes);
        File.Delete(Path.Combine(folder.Path, "hundred", "test.bin"));
        Assert.Contains("test.bin: no such file", Load.Refusal("{dataset: {cifar100: hundred}}", folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_gives_classes_or_targets_and_its_test_table_must_match()
    {
        folder.Write("train.csv", "a,b,kind\n1,2,x\n3,4,y\n5,6,x\n");
        folder.Write("test.csv", "a,b,kind\n7,8,y\n");
        folder.Write("other.csv", "b,kind,a\n7,y,8\n");
        folder.Write("missing.csv", "b,kind\n7,y\n");
        folder.Write("extra.csv", "b,kind,c,a\n7,y,1,8\n");
        folder.Write("unknown.csv", "a,b,kind\n7,8,z\n");
        DataSet data = Load.Set("{dataset: {csv: {path: train.csv, test: test.csv}}}", folder.Path);
        Assert.Equal([0, 1, 0], data.Train.Labels!);
        Assert.Equal([1], data.Test!.Labels!);
        Assert.Equal(["x", "y"], data.ClassNames!);
        Assert.Equal([7, 8], data.Test.Reals!);
        Assert.Equal([8, 7], Load.Set("{dataset: {csv: {path: train.csv, test: other.csv}}}", folder.Path).Test!.Reals!);
        Assert.Contains("missing.csv:1:1: no column 'a'", Load.Refusal("{dataset: {csv: {path: train.csv, test: missing.csv}}}", folder.Path), StringComparison.Ordinal);
        DataSet extra = Load.Set("{dataset: {csv: {path: train.csv, test: extra.csv}}}", folder.Path);
        Assert.Equal([8, 7], extra.Test!.Reals!);
        Assert.EndsWith("extra.csv: a column that training did not have is left out: 'c'", Assert.Single(extra.Notes), StringComparison.Ordinal);
        Assert.Contains("unknown.csv:2:5: the class 'z'", Load.Refusal("{dataset: {csv: {path: train.csv, test: unknown.csv}}}", folder.Path), StringComparison.Ordinal);
        DataSet regression = Load.Set("{dataset: {csv: {path: train.csv, targets: [b], ignore: [kind]}}}", folder.Path);
        Assert.Equal(new DataShape(new Shape(1), 0, 1), regression.Shape);
        Assert.Equal([2, 4, 6], regression.Train.Targets!);
        DataSet picture = Load.Set("{dataset: {csv: {path: train.csv, shape: [1, 1, 2]}}}", folder.Path);
        Assert.Equal(new Shape(1, 1, 2), picture.Shape.Shape);
        Assert.Contains("2 columns of features; expected 4", Load.Refusal("{dataset: {csv: {path: train.csv, shape: [1, 2, 2]}}}", folder.Path), StringComparison.Ordinal);
        Assert.Contains("'label' and 'targets'", Load.Refusal("{dataset: {csv: {path: train.csv, label: kind, targets: [a]}}}", folder.Path, Fault.Config), StringComparison.Ordinal);
    }

    [Fact]
    public void An_archive_gives_pictures_rows_labels_or_targets()
    {
        NpzWriter.Save(Path.Combine(folder.Path, "d.npz"), w =>
        {
            w.Add("x", [2, 1, 2, 2], new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 });
            w.Add("y", [2], [1, 0]);
            w.Add("hwc", [1, 2, 1, 3], [1f, 2, 3, 4, 5, 6]);
            w.Add("t", [1, 2], [0.5f, -0.5f]);
            w.Add("negative", [2], [0, -1]);
            w.Add("nan", [2, 2], [1f, 2, 3, float.NaN]);
        });
        DataSet data = Load.Set("{dataset: {npz: {path: d.npz, test-x: x, test-y: y}}}", folder.Path);
        Assert.Equal(new DataShape(new Shape(1, 2, 2), 2), data.Shape);
        Assert.NotNull(data.Train.Bytes);
        Assert.Equal(2, data.Test!.Count);
        DataSet last = Load.Set("{dataset: {npz: {path: d.npz, x: hwc, y: t, channels-last: true}}}", folder.Path);
        Assert.Equal(new DataShape(new Shape(3, 2, 1), 0, 2), last.Shape);
        Assert.Equal([1, 4, 2, 5, 3, 6], last.Train.Reals!);
        Assert.Contains("no array 'z'", Load.Refusal("{dataset: {npz: {path: d.npz, x: z}}}", folder.Path), StringComparison.Ordinal);
        Assert.Contains("the label -1 of sample 1", Load.Refusal("{dataset: {npz: {path: d.npz, y: negative}}}", folder.Path), StringComparison.Ordinal);
        Assert.Contains("not a number in sample 1", Load.Refusal("{dataset: {npz: {path: d.npz, x: nan}}}", folder.Path), StringComparison.Ordinal);
        Assert.Contains("1 labels or targets; expected 2", Load.Refusal("{dataset: {npz: {path: d.npz, y: t}}}", folder.Path), StringComparison.Ordinal);
        Assert.Contains("samples of shape", Load.Refusal("{dataset: {npz: {path: d.npz, test-x: y, test-y: y}}}", folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_of_pictures_is_sorted_by_code_points()
    {
        foreach ((string name, byte tone) in new[] { ("b/2.png", (byte)30), ("b/10.png", (byte)20), ("B/x.PNG", (byte)10), ("a/1.png", (byte)40) })
            folder.Write("p/" + name, Gray(3, 2, tone));
        folder.Write("p/.hidden/x.txt", "");
        folder.Write("p/readme.txt", "files beside the classes do not matter");
        DataSet data = Load.Set("{dataset: {images: p}}", folder.Path);
        Assert.Equal(["B", "a", "b"], data.ClassNames!);
        Assert.Equal([0, 1, 2, 2], data.Train.Labels!);
        Assert.Equal([10, 40, 20, 30], Enumerable.Range(0, 4).Select(i => (int)data.Train.Bytes![i * 6]));
        Assert.Equal(new Shape(1, 2, 3), data.Shape.Shape);
    }

    [Fact]
    public void Pictures_become_one_size_and_one_kind()
    {
        folder.Write("p/a/gray.png", Gray(4, 4, 100));
        folder.Write("p/b/colour.png", PngWriter.Write(new Picture(2, 2, 3, [255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0])));
        Assert.Contains("'resize' scales all", Load.Refusal("{dataset: {images: p}}", folder.Path), StringComparison.Ordinal);
        DataSet colour = Load.Set("{dataset: {images: {path: p, resize: 3}}}", folder.Path);
        Assert.Equal(new Shape(3, 3, 3), colour.Shape.Shape);
        Assert.All(colour.Train.Bytes![..27], b => Assert.Equal(100, b));
        Assert.All(colour.Train.Bytes[27..36], b => Assert.Equal(255, b));
        Assert.All(colour.Train.Bytes[36..], b => Assert.Equal(0, b));
        DataSet gray = Load.Set("{dataset: {images: {path: p, resize: [2, 5], channels: gray}}}", folder.Path);
        Assert.Equal(new Shape(1, 2, 5), gray.Shape.Shape);
        Assert.All(gray.Train.Bytes![10..], b => Assert.Equal(76, b));
    }

    [Fact]
    public void Pipes_devices_and_folders_are_no_files()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such pipes there.");
        folder.Write("p/a/2.png", Gray(1, 1, 0));
        Assert.Contains("a folder; expected a file", Load.Refusal("{dataset: {csv: p}}", folder.Path), StringComparison.Ordinal);
        Assert.Contains("is a pipe, a socket or a device", Load.Refusal("{dataset: {csv: /dev/zero}}", folder.Path), StringComparison.Ordinal);
        Assert.Contains("no such file", Load.Refusal("{dataset: {csv: ../nowhere.csv}}", folder.Path), StringComparison.Ordinal);
        Assert.Contains("NUL", Load.Refusal("{dataset: {csv: \"a\\0b\"}}", folder.Path), StringComparison.Ordinal);
        using var pipe = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(folder.Path, "pipe")]);
        pipe.WaitForExit();
        Assert.Contains("is a pipe, a socket or a device", Load.Refusal("{dataset: {csv: pipe}}", folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void The_fingerprint_changes_with_every_byte_label_and_shape()
    {
        var prints = new HashSet<string>();
        var shape = new DataShape(new Shape(2, 3), 4);
        var set = new SampleSet { Shape = shape.Shape, Count = 2, Bytes = new byte[12], Labels = [0, 1] };
        Assert.True(prints.Add(Fingerprint.Of(shape, set)));
        Assert.True(prints.Add(Fingerprint.Of(shape, set, set)));
        Assert.True(prints.Add(Fingerprint.Of(shape with { Shape = new Shape(3, 2) }, set)));
        Assert.True(prints.Add(Fingerprint.Of(shape with { Classes = 5 }, set)));
        Assert.True(prints.Add(Fingerprint.Of(shape, set with { Labels = [1, 0] })));
        Assert.True(prints.Add(Fingerprint.Of(shape, set with { Bytes = [.. new byte[11], 1] })));
        Assert.True(prints.Add(Fingerprint.Of(shape, set with { Bytes = null, Reals = new float[12] })));
        Assert.False(prints.Add(Fingerprint.Of(shape, set with { Bytes = new byte[12] })));
    }

    [Fact]
    public void Fashion_mnist_is_the_published_data()
    {
        string? found = new[] { Path.Combine(Training.Data.Sources.DataCache.Folder, "fashion-mnist"), Training.Data.Sources.FashionMnistFiles.Debian }.FirstOrDefault(Directory.Exists);
        bool required = (Environment.GetEnvironmentVariable(Switches.Require) ?? "").Split(',').Contains("data");
        Assert.SkipWhen(found is null && !required, "Fashion-MNIST is not on this machine; 'gpugrad data show fashion-mnist' fetches it.");
        DataSet data = Load.Set("{dataset: fashion-mnist}");
        Assert.Equal((60000, 10000), (data.Train.Count, data.Test!.Count));
        Assert.Equal([9, 0, 0, 3, 0, 2, 7, 2, 5, 5], data.Train.Labels![..10]);
        Assert.All(Enumerable.Range(0, 10), c => Assert.Equal(6000, data.Train.Labels!.Count(l => l == c)));
        ChannelStatistics statistics = ChannelStatistics.Of(data.Train)[0];
        Assert.Equal("0.2860 0.3530", string.Create(CultureInfo.InvariantCulture, $"{statistics.Mean / 255:F4} {statistics.Deviation / 255:F4}"));
        Assert.Equal("a55e13796b74ffa6", data.Fingerprint[..16]);
    }

    private void WriteMnist(string name, string images, string labels, bool zipped)
    {
        foreach ((string part, int count) in new[] { ("train", 3), ("t10k", 2) })
        {
            byte[] pixels = Idx([count, 28, 28], [.. Enumerable.Range(0, count * 784).Select(i => (byte)(i * 7))]);
            byte[] classes = Idx([count], [.. Enumerable.Range(0, count).Select(i => (byte)i)]);
            folder.Write($"{name}/{part}-images{images}{(zipped ? ".gz" : "")}", zipped ? FormatSample.Gz(pixels) : pixels);
            folder.Write($"{name}/{part}-labels{labels}{(zipped ? ".gz" : "")}", zipped ? FormatSample.Gz(classes) : classes);
        }
    }

    private static byte[] Idx(int[] sizes, byte[] values)
    {
        using var stream = new MemoryStream();
        Training.Data.Formats.Idx.Write(stream, sizes, values);
        return stream.ToArray();
    }

    private static byte[] Gray(int width, int height, byte tone) =>
        PngWriter.Write(new Picture(width, height, 1, [.. Enumerable.Repeat(tone, width * height)]));
}
