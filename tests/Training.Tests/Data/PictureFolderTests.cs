using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using SkiaSharp;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Folders of pictures as people have them.</summary>
public sealed class PictureFolderTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_folder_with_pictures_is_a_class_called_by_its_path()
    {
        foreach (string name in new[] { "animals/cat/2.png", "animals/cat/1.JPG", "animals/dog/x.webp", "cars/a.gif", "cars/old/b.bmp" })
            Write("p/" + name, 40);
        DataSet data = Load.Set("{dataset: {images: p}}", folder.Path);
        Assert.Equal(["animals/cat", "animals/dog", "cars", "cars/old"], data.ClassNames!);
        Assert.Equal([0, 0, 1, 2, 3], data.Train.Labels!);
        Assert.EndsWith("1.JPG", data.Train.Places!.Files![0], StringComparison.Ordinal);
        Assert.Empty(data.Notes);
    }

    [Fact]
    public void What_is_no_picture_is_left_out_and_counted()
    {
        Write("p/a/1.png", 10);
        Write("p/b/1.png", 20);
        foreach (string name in new[] { "a/Thumbs.db", "a/.DS_Store", "b/._1.png", "b/notes.txt", "readme.md", "__MACOSX/a/._1.png", ".git/x.png" })
            folder.Write("p/" + name, "x");
        DataSet data = Load.Set("{dataset: {images: p}}", folder.Path);
        Assert.Equal(["a", "b"], data.ClassNames!);
        Assert.Equal(2, data.Train.Count);
        Assert.Contains("p: 5 files that are not pictures were left out: '.DS_Store', 'Thumbs.db', '._1.png', …", Assert.Single(data.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Folders_train_val_and_test_are_the_parts()
    {
        foreach (string part in new[] { "train", "val", "test" })
        {
            Write($"p/{part}/a/1.png", 10);
            Write($"p/{part}/b/1.png", 200);
        }
        Write("p/train/b/2.png", 90);
        TrainingData data = Load.Training("{dataset: {images: p}}", folder.Path);
        Assert.Equal((3, 2, 2), (data.Train.Count, data.Validation!.Count, data.Test!.Count));
        Assert.Equal(["a", "b"], data.ClassNames!);
        TrainingData itself = Load.Training("{target: input, dataset: {images: p}}", folder.Path);
        Assert.All([itself.Train, itself.Validation!, itself.Test!], part => Assert.True(part.TargetIsInput && part.Labels is null));
        Assert.Contains("its own validation set", Load.Refusal("{validation: 0.2, dataset: {images: p}}", folder.Path, Fault.Config), StringComparison.Ordinal);
        Assert.Contains("its own test set", Load.Refusal("{test: 0.2, dataset: {images: p}}", folder.Path, Fault.Config), StringComparison.Ordinal);
        Assert.Contains("a folder for the test", Load.Refusal("{dataset: {images: {path: p, test: p/test}}}", folder.Path, Fault.Config), StringComparison.Ordinal);
        Write("p/c/1.png", 1);
        Assert.Contains("c: a folder beside those of the parts", Load.Refusal("{dataset: {images: p}}", folder.Path), StringComparison.Ordinal);
        Assert.Equal(["a", "b"], Load.Set("{dataset: {images: p/train}}", folder.Path).ClassNames!);
    }

    [Fact]
    public void A_class_not_seen_in_training_is_refused_and_a_missing_one_is_not()
    {
        Write("p/train/a/1.png", 10);
        Write("p/train/b/1.png", 20);
        Write("p/test/b/1.png", 30);
        Assert.Equal([1], Load.Set("{dataset: {images: p}}", folder.Path).Test!.Labels!);
        Write("p/test/c/1.png", 30);
        Assert.Contains("1.png: the class 'c'; expected one of those of the training data", Load.Refusal("{dataset: {images: p}}", folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_holds_something_else_is_refused()
    {
        folder.Write("empty/a/.keep", "");
        Assert.Contains("no pictures", Load.Refusal("{dataset: {images: empty}}", folder.Path), StringComparison.Ordinal);
        Write("one/cat/1.png", 1);
        Directory.CreateDirectory(Path.Combine(folder.Path, "one", "dog"));
        Assert.Contains("dog: no pictures in this folder, which would be a class", Load.Refusal("{dataset: {images: one}}", folder.Path), StringComparison.Ordinal);
        Write("tiff/a/x.png", 1);
        folder.Write("tiff/a/y.tif", "x");
        Assert.Contains("y.tif: a picture of a type that is not read, .tif", Load.Refusal("{dataset: {images: tiff}}", folder.Path), StringComparison.Ordinal);
        Write("flat/x.png", 1);
        Assert.Contains("pictures and no folders", Load.Refusal("{dataset: {images: flat}}", folder.Path), StringComparison.Ordinal);
        Write("bad/a/1.png", 1);
        folder.Write("bad/a/2.jpg", "<html>404</html>");
        Assert.Contains("2.jpg: no picture: it begins with 3C", Load.Refusal("{dataset: {images: bad}}", folder.Path), StringComparison.Ordinal);
        Write("sizes/a/1.png", 1);
        folder.Write("sizes/a/2.png", PngWriter.Write(new Picture(3, 7, 1, new byte[21])));
        Assert.Contains("2.png: 3 × 7 pixels; expected 8 × 6", Load.Refusal("{dataset: {images: sizes}}", folder.Path), StringComparison.Ordinal);
        Assert.Contains("nowhere: no such folder", Load.Refusal("{dataset: {images: nowhere}}", folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void Links_lead_anywhere_within_the_data_and_nowhere_else()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a right there.");
        Write("outside/1.png", 1);
        Write("p/a/1.png", 10);
        Write("p/b/1.png", 20);
        string At(string name) => Path.Combine(folder.Path, name);
        File.CreateSymbolicLink(At("p/b/2.png"), "../a/1.png");
        File.CreateSymbolicLink(At("p/b/3.png"), At("p/a/1.png"));
        Directory.CreateSymbolicLink(At("p/c"), "a");
        Directory.CreateSymbolicLink(At("link"), "p");
        foreach (string root in new[] { "p", "link" })
        {
            DataSet data = Load.Set($"{{dataset: {{images: {root}}}}}", folder.Path);
            Assert.Equal([0, 1, 1, 1, 2], data.Train.Labels!);
            Assert.Equal([10, 20, 10, 10, 10], Enumerable.Range(0, 5).Select(i => (int)data.Train.Bytes![i * 48]));
        }
        File.CreateSymbolicLink(At("p/a/2.png"), At("outside/1.png"));
        Assert.Contains("2.png: a link that leads out of the folder", Load.Refusal("{dataset: {images: p}}", folder.Path), StringComparison.Ordinal);
        File.Delete(At("p/a/2.png"));
        Directory.CreateSymbolicLink(At("p/a/round"), At("p"));
        Assert.Contains("a link to a folder that it is in", Load.Refusal("{dataset: {images: p}}", folder.Path), StringComparison.Ordinal);
        File.Delete(At("p/a/round"));
        Directory.CreateSymbolicLink(At("p/d"), At("outside"));
        Assert.Contains("d: a link that leads out of the folder", Load.Refusal("{dataset: {images: p}}", folder.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("resize: {size: [4, 5], method: crop}", false)]
    [InlineData("resize: {size: 5, method: pad}, background: white", false)]
    [InlineData("channels: gray", false)]
    [InlineData("resize: 4", true)]
    public void Pictures_on_disk_give_the_same_samples_as_in_memory(string more, bool deep)
    {
        var random = new RandomStream(7, Purpose.Explore);
        for (int i = 0; i < 9; i++)
            folder.Write($"p/{"abc"[i % 3]}/{i}.png", PngWriter.Write(new Picture(8, 6, 4, [.. Enumerable.Range(0, 192).Select(_ => (byte)random.NextBits())])));
        if (deep)
            folder.Write("p/a/deep.png", Png.Picture(8, 6, 16, 0, [.. Enumerable.Range(0, 6 * 17).Select(i => i % 17 == 0 ? (byte)0 : (byte)random.NextBits())]));
        string yaml = $"dataset: {{images: {{path: p, {more}}}}}";
        DataSet memory = Load.Set($"{{{yaml}}}", folder.Path);
        TrainingData disk = Load.Training($"{{cache: disk, {yaml}}}", folder.Path);
        Assert.NotNull(disk.Train.Rows);
        Assert.Equal(memory.Fingerprint, disk.Fingerprint);
        Assert.Equal(memory.Train.Labels, disk.Train.Labels);
        Assert.Equal(deep, memory.Train.Bytes is null);
        SampleSet read = disk.Train.InMemory(), again = disk.Train.InMemory();
        Assert.Equal(memory.Train.Bytes, read.Bytes);
        Assert.Equal(memory.Train.Reals, read.Reals);
        Assert.Equal(read.Bytes, again.Bytes);
        RunConfig config = ConfigBinder.Bind<RunConfig>(YamlReader.Read($"{{data: {{{yaml}}}, model: [flatten, {{dense: 3}}]}}", "c.yaml"), "the config");
        var pipeline = new InputPipeline(config, FittedInput.Of(disk));
        SampleSet predicted = pipeline.Read(Path.Combine(folder.Path, "p"), answers: true);
        Assert.Equal(memory.Train.Labels, predicted.Labels);
        Assert.Equal(memory.Train.Bytes, predicted.Bytes);
        Assert.Equal(memory.Train.Reals, predicted.Reals);
        SampleSet one = pipeline.Read(Path.Combine(folder.Path, "p", "b", "4.png"));
        int at = Array.FindIndex([.. memory.Train.Places!.Files!], f => f.EndsWith("4.png", StringComparison.Ordinal)), size = one.Shape.Count;
        Assert.Equal(memory.Train.Bytes?[(at * size)..((at + 1) * size)], one.Bytes);
        Assert.Equal(memory.Train.Reals?[(at * size)..((at + 1) * size)], one.Reals);
    }

    [Fact]
    public void Another_file_or_another_way_to_scale_is_other_data()
    {
        Write("p/a/1.png", 10);
        Write("p/b/1.png", 20);
        string Print(string more) => Load.Set($"{{dataset: {{images: {{path: p, {more}}}}}}}", folder.Path).Fingerprint;
        var prints = new HashSet<string> { Print("resize: 4"), Print("resize: {size: 4, method: crop}"), Print("resize: 5"), Print("background: white, resize: 4") };
        Write("p/b/1.png", 21);
        prints.Add(Print("resize: 4"));
        Assert.Equal(5, prints.Count);
    }

    private void Write(string name, byte tone)
    {
        byte[] pixels = [.. Enumerable.Repeat(tone, 48)];
        folder.Write(name, Path.GetExtension(name).ToUpperInvariant() switch
        {
            ".JPG" => PictureTests.Jpeg(8, 6, pixels),
            ".WEBP" => PictureTests.Jpeg(8, 6, pixels, SKEncodedImageFormat.Webp),
            ".GIF" => Hostile.File("tone.gif"),
            ".BMP" => Hostile.File("tone.bmp"),
            _ => PngWriter.Write(new Picture(8, 6, 1, pixels)),
        });
    }
}
