using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>A pair of IDX files, and another pair for the test. Uncompressed ones may be larger than memory.</summary>
public sealed record IdxConfig : DatasetConfig
{
    /// <summary>File of the training inputs, plain or .gz.</summary>
    public required string Images { get; init => field = Require.NotEmpty(value); }

    /// <summary>File of the training labels (integers) or targets; not read with `target: input`.</summary>
    [DefaultText("**required**, but for `target: input`")]
    public string? Labels { get; init => field = value is null ? null : Require.NotEmpty(value); }

    public string? TestImages { get; init; }

    public string? TestLabels { get; init; }

    /// <summary>Names of the classes in order.</summary>
    [DefaultText("their numbers")]
    public IReadOnlyList<string>? ClassNames { get; init; }

    public override DataSet Load(DataContext context)
    {
        if (Labels is null && !context.WithoutAnswers)
            throw ConfigException.At(Source, "idx lacks 'labels', the file of labels or targets; expected it, or 'target: input' in the data section");
        if (!context.WithoutAnswers && TestImages is null != TestLabels is null)
            throw ConfigException.At(Source, "idx has one of 'test-images' and 'test-labels'; expected both or none");
        return IdxFiles.Load(
            DataFile.Resolve(context, Images),
            Answers(Labels),
            TestImages is null ? null : DataFile.Resolve(context, TestImages),
            Answers(TestLabels),
            context.WithoutAnswers ? null : ClassNames,
            Labels is null ? Images : $"{Images} and {Labels}",
            context.Cache);

        string? Answers(string? path) => path is null || context.WithoutAnswers ? null : DataFile.Resolve(context, path);
    }
}

/// <summary>MNIST, or other data in four files of the same names.</summary>
public sealed record MnistConfig : DatasetConfig
{
    /// <summary>Folder with train-images-idx3-ubyte and the three others, plain or .gz.</summary>
    [Shorthand]
    public required string Path { get; init => field = Require.NotEmpty(value); }

    public override DataShape? KnownShape => IdxFiles.MnistShape;

    public override DataSet Load(DataContext context)
    {
        string folder = DataFile.Resolve(context, Path, folder: true);
        return IdxFiles.LoadMnist(folder, [.. Enumerable.Range(0, 10).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))], $"mnist from {folder}", context.Cache);
    }
}

internal static class IdxFiles
{
    /// <summary>Names of MNIST's files: training images and labels, test images and labels.</summary>
    public static IReadOnlyList<string> MnistNames { get; } = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

    public static DataShape MnistShape { get; } = new(new Shape(1, 28, 28), 10);

    /// <summary>Path of one of MNIST's files in a folder: as published, decompressed, or with a dot in its name; null if it is missing.</summary>
    public static string? Find(string folder, string name)
    {
        string[] names = [name + ".gz", name, name.Replace("-idx", ".idx", StringComparison.Ordinal), name.Replace("-idx", ".idx", StringComparison.Ordinal) + ".gz"];
        return names.Select(n => Path.Combine(folder, n)).FirstOrDefault(File.Exists);
    }

    /// <param name="folder">Folder with MNIST's four files.</param>
    /// <param name="classNames">Names of the ten classes.</param>
    /// <param name="origin">Description of the origin.</param>
    /// <param name="cache">Where samples are kept.</param>
    /// <param name="published">Required contents of the four files; null for any.</param>
    public static DataSet LoadMnist(string folder, IReadOnlyList<string> classNames, string origin, SampleCache cache, IReadOnlyList<FetchedFile>? published = null)
    {
        string[] files = [.. MnistNames.Select(n => Find(folder, n) ?? throw DataFault.In(folder, $"no {n}.gz", "the four files of MNIST, with or without .gz"))];
        // The checksum of published data needs the whole file, which is small.
        DataSet data = Load(files[0], files[1], files[2], files[3], classNames, origin, published is null ? cache : SampleCache.Memory, published);
        if (data.Shape.Shape != MnistShape.Shape)
            throw DataFault.In(files[0], $"pictures of shape {data.Shape.Shape}", $"{MnistShape.Shape}; 'idx' reads other shapes");
        return data;
    }

    /// <param name="images">File of the training inputs.</param>
    /// <param name="labels">File of their labels or targets; null for none.</param>
    /// <param name="testImages">File of the test inputs; null for none.</param>
    /// <param name="testLabels">File of their labels or targets; null for none.</param>
    /// <param name="classNames">Names of the classes; null for their numbers.</param>
    /// <param name="origin">Description of the origin.</param>
    /// <param name="cache">Where samples are kept.</param>
    /// <param name="published">Required contents of the files; null for any.</param>
    public static DataSet Load(string images, string? labels, string? testImages, string? testLabels, IReadOnlyList<string>? classNames, string origin, SampleCache cache, IReadOnlyList<FetchedFile>? published = null)
    {
        string[] paths = [.. new[] { images, labels, testImages, testLabels }.OfType<string>()];
        SampleSet?[] parts = Concurrently.Run<SampleSet?>(
            () => ArrayFiles.Samples(images, labels, cache, check: Check),
            () => testImages is null ? null : ArrayFiles.Samples(testImages, testLabels, cache, check: Check));
        return ArraySamples.DataSet(parts[0]!, parts[1], testImages ?? images, origin, classNames);

        void Check(string path, NumberArray array) => published?[Array.IndexOf(paths, path)].Check(path, array);
    }
}
