using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Sources;

/// <summary>CIFAR-10 in its binary version.</summary>
public sealed record Cifar10Config : DatasetConfig
{
    /// <summary>Folder with data_batch_1.bin to data_batch_5.bin and test_batch.bin, or the one that holds cifar-10-batches-bin.</summary>
    [Shorthand]
    public required string Path { get; init => field = Require.NotEmpty(value); }

    public override DataShape? KnownShape => new(CifarFiles.Shape, 10);

    internal override ReadingOptions Reading => new() { CifarLabels = 1 };

    public override DataSet Load(DataContext context)
    {
        string folder = CifarFiles.Folder(DataFile.Resolve(context, Path, folder: true), "cifar-10-batches-bin");
        string[] train = [.. Enumerable.Range(1, 5).Select(i => System.IO.Path.Combine(folder, $"data_batch_{i}.bin"))];
        return CifarFiles.Load(folder, train, "test_batch.bin", hundred: false, coarse: false, "batches.meta.txt", Names, "cifar10");
    }

    private static IReadOnlyList<string> Names { get; } = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
}

public enum CifarLabels
{
    /// <summary>100 classes.</summary>
    Fine,

    /// <summary>20 classes with five fine ones each.</summary>
    Coarse,
}

/// <summary>CIFAR-100 in its binary version.</summary>
public sealed record Cifar100Config : DatasetConfig
{
    /// <summary>Folder with train.bin and test.bin, or the one that holds cifar-100-binary.</summary>
    [Shorthand]
    public required string Path { get; init => field = Require.NotEmpty(value); }

    public CifarLabels Labels { get; init; }

    public override DataShape? KnownShape => new(CifarFiles.Shape, Labels == CifarLabels.Fine ? 100 : 20);

    internal override ReadingOptions Reading => new() { CifarLabels = 2, CoarseLabels = Labels == CifarLabels.Coarse };

    public override DataSet Load(DataContext context)
    {
        string folder = CifarFiles.Folder(DataFile.Resolve(context, Path, folder: true), "cifar-100-binary");
        bool coarse = Labels == CifarLabels.Coarse;
        string names = coarse ? "coarse_label_names.txt" : "fine_label_names.txt";
        string[] numbers = [.. Enumerable.Range(0, coarse ? 20 : 100).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))];
        return CifarFiles.Load(folder, [System.IO.Path.Combine(folder, "train.bin")], "test.bin", hundred: true, coarse, names, numbers, "cifar100");
    }
}

internal static class CifarFiles
{
    private const int MostNames = 1 << 16;

    public static Shape Shape { get; } = new(3, Cifar.Side, Cifar.Side);

    public static string Folder(string path, string inner)
    {
        string below = Path.Combine(path, inner);
        return Directory.Exists(below) ? below : path;
    }

    public static DataSet Load(string folder, string[] train, string testName, bool hundred, bool coarse, string namesFile, IReadOnlyList<string> names, string what)
    {
        string test = Path.Combine(folder, testName);
        CifarFile[] files = Concurrently.Run([.. train.Append(test).Select(path => (Func<CifarFile>)(() => DataFile.Read(path, s => Cifar.Read(s, path, hundred))))]);
        SampleSet trainSet = Join(files[..^1], coarse), testSet = Join(files[^1..], coarse);
        return ArraySamples.DataSet(trainSet, testSet, test, $"{what} from {folder}", ReadNames(Path.Combine(folder, namesFile), names));
    }

    // The file of names beside the data, if it has one per class.
    private static IReadOnlyList<string> ReadNames(string path, IReadOnlyList<string> names)
    {
        if (!File.Exists(path))
            return names;
        string text = System.Text.Encoding.UTF8.GetString(DataFile.ReadAll(path, MostNames));
        string[] lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return lines.Length == names.Count && lines.All(l => !l.Any(char.IsControl)) ? lines : names;
    }

    private static SampleSet Join(CifarFile[] files, bool coarse)
    {
        int[] labels = [.. files.SelectMany(f => coarse ? f.Coarse! : f.Labels)];
        byte[] pixels = files.Length == 1 ? files[0].Pixels : new byte[checked((long)labels.Length * Cifar.Pixels)];
        int at = 0;
        foreach (CifarFile file in files.Length == 1 ? [] : files)
        {
            file.Pixels.CopyTo(pixels, at);
            at += file.Pixels.Length;
        }
        return new SampleSet { Shape = Shape, Count = labels.Length, Bytes = pixels, Labels = labels };
    }
}
