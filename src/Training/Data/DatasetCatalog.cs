using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Generators;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Data;

/// <summary>Lists every kind of data set.</summary>
public static class DatasetCatalog
{
    public static IReadOnlyList<Choice> All { get; } =
    [
        new("fashion-mnist", typeof(FashionMnistConfig), "clothes, 28 × 28 gray, 60,000 + 10,000; fetched once if it is not here"),
        new("mnist", typeof(MnistConfig), "a folder with the four files of MNIST, with or without .gz"),
        new("idx", typeof(IdxConfig), "IDX files of inputs and of labels, with or without .gz"),
        new("cifar10", typeof(Cifar10Config), "a folder with CIFAR-10's binary version: 32 × 32 in colour, 10 classes"),
        new("cifar100", typeof(Cifar100Config), "a folder with CIFAR-100's binary version: 32 × 32 in colour, 100 or 20 classes"),
        new("csv", typeof(CsvConfig), "a table (CSV and its relatives, also .gz) with a column of classes or of numbers to predict"),
        new("jsonl", typeof(CsvConfig), "the same from JSON Lines, one object per line"),
        new("parquet", typeof(CsvConfig), "the same from Apache Parquet"),
        new("npz", typeof(NpzConfig), "NumPy arrays x and y in an archive"),
        new("npy", typeof(NpyConfig), "NumPy arrays in separate files, which may be larger than memory"),
        new("images", typeof(ImagesConfig), "a folder with a folder of pictures for each class: JPEG, PNG, WebP, GIF, BMP"),
        new("series", typeof(SeriesConfig), "labelled series of any length: a folder of tables, one row per step"),
        new("text", typeof(TextConfig), "text for a language model, or a folder or table of labelled texts to classify"),
        new("tags", typeof(TagsConfig), "sentences with a tag for each token: one token and its tag per line, an empty line between sentences"),
        new("digits", typeof(DigitsConfig), "generated: digits 0 to 9, 28 × 28 gray, with random distortion"),
        new("shapes", typeof(ShapesConfig), "generated: pictures of discs, squares and triangles, with a class per pixel"),
        new("spirals", typeof(SpiralsConfig), "generated: points on interleaved spiral arms"),
        new("moons", typeof(MoonsConfig), "generated: points on two interleaving half circles"),
        new("circles", typeof(CirclesConfig), "generated: points on two concentric circles"),
        new("blobs", typeof(BlobsConfig), "generated: Gaussian clusters of points"),
        new("xor", typeof(XorConfig), "generated: points whose class is the exclusive or of the signs of their coordinates"),
        new("random", typeof(RandomConfig), "generated: samples of any shape: a random pattern for each class, plus noise"),
        new("linear", typeof(LinearConfig), "generated: regression targets that are a linear function of the sample"),
        new("copy-first", typeof(CopyFirstConfig), "generated: sequences whose class is given in the first step, a test of long memory"),
        new("sine", typeof(SineConfig), "generated: one regression target, the sine of the input"),
    ];
}
