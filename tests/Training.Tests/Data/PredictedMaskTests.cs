using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Predicted masks as files are read again as what the network said.</summary>
public sealed class PredictedMaskTests : IDisposable
{
    private const int Side = 16;

    private static readonly (string Name, int Height, int Width)[] Files = [("a.png", 24, 40), ("b.png", 33, 20), ("sub/c.png", 16, 16)];

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("stretch", false)]
    [InlineData("crop", false)]
    [InlineData("pad", false)]
    [InlineData("stretch", true)]
    public void A_mask_is_as_large_as_its_picture_and_reads_back_as_predicted(string method, bool colours)
    {
        foreach ((string name, int height, int width) in Files)
        {
            folder.Write($"images/{name}", Png(height, width, i => [(byte)i]));
            folder.Write($"masks/{name}", Png(height, width, i => colours ? i % 2 == 0 ? [255, 0, 0] : [0, 0, 255] : [(byte)(i % 2 * 255)]));
        }
        LoadedConfig loaded = Config(method);
        TrainingData data = TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1));
        FittedInput fitted = ModelCard.FromMetadata("card", ModelCard.Of(loaded, data).ToMetadata()).Input;
        string images = Path.Combine(folder.Path, "images"), told = Path.Combine(folder.Path, "other", "masks");
        SampleSet samples = new InputPipeline(loaded.Config, fitted).Read(images);
        var random = new RandomStream(2, Purpose.Explore);
        Prediction[] predictions = [.. Files.Select(_ => new Prediction(null, null, [.. Enumerable.Range(0, Side * Side).Select(i => (double)random.NextInt(2))]) { Map = fitted.Shape.MaskShape })];
        var files = new MapFiles(loaded.Config, fitted, told);
        files.Add(images, samples, predictions);
        files.Save();
        foreach ((string name, int height, int width) in Files)
        {
            PictureHeader header = PictureReader.Header(File.ReadAllBytes(Path.Combine(told, name)), name);
            Assert.Equal((height, width), (header.Height, header.Width));
            folder.Write($"other/images/{name}", File.ReadAllBytes(Path.Combine(images, name)));
        }
        byte[] read = new InputPipeline(loaded.Config, fitted).Read(Path.Combine(folder.Path, "other"), answers: true).Mask!;
        for (int i = 0; i < read.Length; i++)
            Assert.True(read[i] == predictions[i / (Side * Side)].Values[i % (Side * Side)] || (method == "pad" && read[i] == SampleSet.Ignored), $"{i}");
        Assert.True(read.Count(v => v == SampleSet.Ignored) < read.Length / 2);
    }

    [Fact]
    public void An_archive_holds_all_masks_and_a_table_none()
    {
        foreach ((string name, int height, int width) in Files)
        {
            folder.Write($"images/{name}", Png(height, width, i => [(byte)i]));
            folder.Write($"masks/{name}", Png(height, width, i => [(byte)(i % 3)]));
        }
        LoadedConfig loaded = Config("stretch");
        TrainingData data = TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1));
        FittedInput fitted = ModelCard.Of(loaded, data).Input;
        string path = Path.Combine(folder.Path, "p.npz");
        var files = new MapFiles(loaded.Config, fitted, path);
        files.Add("x", data.Train, [.. Enumerable.Range(0, 2).Select(n => new Prediction(null, null, [.. Enumerable.Range(0, Side * Side).Select(i => (double)((i + n) % 3))]) { Map = fitted.Shape.MaskShape })]);
        files.Save();
        NumberArray all = DataFile.Read(path, stream => Npz.Read(stream, path, ["prediction"]))["prediction"];
        Assert.Equal([2, Side, Side], all.Sizes);
        Assert.Equal([0, 1, 2, 0], all.ToInts()![..4]);
        Assert.Equal([1, 2, 0, 1], all.ToInts()![(Side * Side)..][..4]);
        GpuGradException e = Assert.Throws<GpuGradException>(() => new MapFiles(loaded.Config, fitted, "p.csv"));
        Assert.Equal((Fault.Config, "--out p.csv holds one answer a sample, and this network gives a class for each pixel; expected a folder for masks, or a name that ends in .npz"), (e.Fault, e.Message));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    [InlineData(3)]
    public void A_pixel_is_of_the_second_class_from_a_threshold_on(int channels)
    {
        const int Places = Side * Side;
        var random = new RandomStream(7, Purpose.Explore);
        double[] scores = [.. Enumerable.Range(0, channels * Places).Select(_ => (double)(float)((random.NextDouble() - 0.5) * 8))];
        var shape = new DataShape(new Shape(1, Side, Side), Math.Max(2, channels)) { Answer = new Shape(Side, Side) };
        RunConfig config = Config("stretch").Config;
        foreach (double? threshold in new double?[] { null, 0, 0.1, 0.5, 0.9, 1 })
        {
            Prediction found = new PredictionReader(config, new ModelCard("", new FittedInput { Shape = shape, Normalization = null! }), threshold).Of(scores);
            for (int i = 0; i < Places; i++)
            {
                double[] of = [.. Enumerable.Range(0, channels).Select(c => scores[(c * Places) + i])];
                double expected = channels == 3 ? Array.IndexOf(of, of.Max())
                    : Math.Exp(of[^1]) / (Math.Exp(of[^1]) + (channels == 2 ? Math.Exp(of[0]) : 1)) > (threshold ?? 0.5) ? 1 : 0;
                Assert.Equal(expected, found.Values[i]);
            }
        }
    }

    private static LoadedConfig Config(string method) => RunConfigFile.Load(
        "test.yaml", text: $"data: {{dataset: {{images: {{path: ., resize: {{size: {Side}, method: {method}}}}}}}}}\nmodel: [{{conv: {{filters: 2, kernel: 1}}}}]\nloss: softmax-cross-entropy\n");

    private static byte[] Png(int height, int width, Func<int, byte[]> pixel) =>
        PngWriter.Write(new Picture(width, height, pixel(0).Length, [.. Enumerable.Range(0, height * width).SelectMany(pixel)]));
}
