using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>A pair of IDX files, and another pair for the test.</summary>
public sealed record IdxConfig : DatasetConfig
{
    /// <summary>File of the training inputs, plain or .gz.</summary>
    public required string Images { get; init => field = Require.NotEmpty(value); }

    /// <summary>File of the training labels (whole numbers) or targets.</summary>
    public required string Labels { get; init => field = Require.NotEmpty(value); }

    public string? TestImages { get; init; }

    public string? TestLabels { get; init; }

    /// <summary>Names of the classes in order.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    public override DataSet Load(DataContext context)
    {
        if (TestImages is null != TestLabels is null)
            throw ConfigException.At(Source, "idx has one of 'test-images' and 'test-labels'; expected both or none");
        return IdxFiles.Load(
            DataFile.Resolve(context, Images),
            DataFile.Resolve(context, Labels),
            TestImages is null ? null : DataFile.Resolve(context, TestImages),
            TestLabels is null ? null : DataFile.Resolve(context, TestLabels),
            ClassNames,
            $"{Images} and {Labels}");
    }
}

/// <summary>MNIST, or anything in its four files.</summary>
public sealed record MnistConfig : DatasetConfig
{
    /// <summary>Folder with train-images-idx3-ubyte and the three others, plain or .gz.</summary>
    [Shorthand]
    public required string Path { get; init => field = Require.NotEmpty(value); }

    public override DataShape? KnownShape => IdxFiles.MnistShape;

    public override DataSet Load(DataContext context)
    {
        string folder = DataFile.Resolve(context, Path);
        return IdxFiles.LoadMnist(folder, [.. Enumerable.Range(0, 10).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))], $"mnist from {folder}");
    }
}

internal static class IdxFiles
{
    /// <summary>The names of MNIST's files: training images and labels, test images and labels.</summary>
    public static IReadOnlyList<string> MnistNames { get; } = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

    public static DataShape MnistShape { get; } = new(new Shape(1, 28, 28), 10);

    /// <summary>The path of one of MNIST's files in a folder: as published, unpacked, or with a dot in its name; null if it is not there.</summary>
    public static string? Find(string folder, string name)
    {
        string[] names = [name + ".gz", name, name.Replace("-idx", ".idx", StringComparison.Ordinal), name.Replace("-idx", ".idx", StringComparison.Ordinal) + ".gz"];
        return names.Select(n => Path.Combine(folder, n)).FirstOrDefault(File.Exists);
    }

    /// <param name="folder">Has MNIST's four files.</param>
    /// <param name="classNames">Names of the ten classes.</param>
    /// <param name="origin">Where they come from, in words.</param>
    /// <param name="published">What the four must hold; null for anything.</param>
    public static DataSet LoadMnist(string folder, IReadOnlyList<string> classNames, string origin, IReadOnlyList<FetchedFile>? published = null)
    {
        string[] files = [.. MnistNames.Select(n => Find(folder, n) ?? throw DataFault.In(folder, $"no {n}.gz", "the four files of MNIST, with or without .gz"))];
        DataSet data = Load(files[0], files[1], files[2], files[3], classNames, origin, published);
        if (data.Shape.Shape != MnistShape.Shape)
            throw DataFault.In(files[0], $"pictures of shape {data.Shape.Shape}", $"{MnistShape.Shape}; 'idx' reads other shapes");
        return data;
    }

    public static DataSet Load(string images, string labels, string? testImages, string? testLabels, IReadOnlyList<string>? classNames, string origin, IReadOnlyList<FetchedFile>? published = null)
    {
        string[] paths = [.. new[] { images, labels, testImages, testLabels }.OfType<string>()];
        NumberArray[] arrays = Concurrently.Run([.. paths.Select((path, i) => (Func<NumberArray>)(() => Read(path, published?[i])))]);
        SampleSet train = ArraySamples.Of(arrays[0], arrays[1], images, labels);
        SampleSet? test = testImages is null || testLabels is null ? null : ArraySamples.Of(arrays[2], arrays[3], testImages, testLabels);
        return ArraySamples.DataSet(train, test, testImages ?? images, origin, classNames);
    }

    private static NumberArray Read(string path, FetchedFile? published)
    {
        NumberArray array = DataFile.Read(path, s => Idx.Read(s, path));
        published?.Check(path, array);
        return array;
    }
}
