using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Sources;

public enum ImageChannels
{
    /// <summary>One channel if every picture is gray, else three.</summary>
    Auto,
    Gray,
    Rgb,
}

/// <summary>Height and width: <c>32</c> for a square, or <c>[24, 32]</c>.</summary>
public sealed record ImageSize(int Height, int Width) : IConfigValue<ImageSize>
{
    private const int Most = 8192;

    public static string Expected => $"a side in pixels up to {Most}, or [height, width]";

    public static ImageSize? Read(YamlNode node) => node switch
    {
        YamlScalar scalar when Side(scalar) is int side => new ImageSize(side, side),
        YamlSequence { Items: [var height, var width] } when Side(height) is int h && Side(width) is int w => new ImageSize(h, w),
        _ => null,
    };

    private static int? Side(YamlNode node) =>
        node is YamlScalar { Quoted: false } s && ScalarBinder.TryWhole(s.Value, out long side) && side is > 0 and <= Most ? (int)side : null;
}

/// <summary>
/// A folder with a folder of PNG pictures for each class. Classes and pictures are sorted by the numbers of their characters,
/// so that they have the same labels and order on every machine.
/// </summary>
public sealed record ImagesConfig : DatasetConfig
{
    [Shorthand]
    public required string Path { get; init => field = Require.NotEmpty(value); }

    /// <summary>Folder of the test set, with folders of the same classes.</summary>
    public string? Test { get; init; }

    /// <summary>Size that all pictures are scaled to; without it they must have the same.</summary>
    [DefaultText("none: all must have the same size")]
    public ImageSize? Resize { get; init; }

    public ImageChannels Channels { get; init; }

    internal override ReadingOptions Reading => new() { Resizes = Resize is not null };

    public override DataSet Load(DataContext context)
    {
        string folder = DataFile.Resolve(context, Path, folder: true);
        string[] classes = context.Fitted?.ClassNames is { } known ? [.. known] : [.. ImageFolder.Folders(folder).Select(f => f.Name)];
        List<(string Path, int Label)> files = ImageFolder.Files(folder, classes);
        string? testFolder = Test is null ? null : DataFile.Resolve(context, Test, folder: true);
        List<(string Path, int Label)> testFiles = testFolder is null ? [] : ImageFolder.Files(testFolder, classes);
        string[] all = [.. files.Concat(testFiles).Select(f => f.Path)];
        Shape shape = context.Fitted?.Shape.Shape is { } trained && Resize is not null ? trained : ImageFolder.Survey(all, Resize, Channels);
        SampleSet train = ImageFolder.Decode(files, shape, context.Progress);
        SampleSet? test = testFolder is null ? null : ImageFolder.Decode(testFiles, shape, context.Progress);
        return ArraySamples.DataSet(train, test, testFolder ?? folder, $"pictures in {folder}", classes);
    }
}

internal static class ImageFolder
{
    // What a picture is known by before it is unpacked: signature and first chunk.
    private const int Head = 33;

    public static FileSystemInfo[] Folders(string folder)
    {
        FileSystemInfo[] folders = [.. DataFile.List(folder).Where(e => e is DirectoryInfo && !e.Name.StartsWith('.'))];
        return folders.Length > 0 ? folders : throw DataFault.In(folder, "no folders", "a folder of PNG pictures for each class");
    }

    /// <summary>The pictures of all classes.</summary>
    /// <param name="folder">Has a folder for each class.</param>
    /// <param name="classes">Names of the classes in their order; null where no labels are wanted.</param>
    public static List<(string Path, int Label)> Files(string folder, string[]? classes)
    {
        var files = new List<(string, int)>();
        foreach (FileSystemInfo inner in Folders(folder))
        {
            int label = classes is null ? 0 : Array.IndexOf(classes, inner.Name);
            if (label < 0)
                throw DataFault.In(inner.FullName, $"the class {DataFault.Quote(inner.Name)}", $"one of those of the training data: {DataFault.Some(classes!)}");
            int before = files.Count;
            foreach (FileSystemInfo entry in DataFile.List(inner.FullName))
            {
                if (entry.Name.StartsWith('.'))
                    continue;
                if (entry is DirectoryInfo || !entry.Name.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
                    throw DataFault.In(entry.FullName, entry is DirectoryInfo ? "a folder among pictures" : "no PNG picture", "files whose names end in .png; convert or remove it");
                files.Add((entry.FullName, label));
            }
            if (files.Count == before)
                throw DataFault.In(inner.FullName, "no pictures in this folder, which would be a class", "PNG files; add some, or remove the folder");
        }
        return files;
    }

    /// <summary>The shape that all pictures get, from their first chunks.</summary>
    public static Shape Survey(string[] files, ImageSize? resize, ImageChannels channels)
    {
        var headers = new PngHeader[files.Length];
        Concurrently.For(files.Length, i => headers[i] = HeaderOf(files[i]));
        bool colour = channels switch
        {
            ImageChannels.Auto => headers.Any(h => h.Colour is not (PngColour.Gray or PngColour.GrayAlpha)),
            _ => channels == ImageChannels.Rgb,
        };
        (int height, int width) = resize is null ? (headers[0].Height, headers[0].Width) : (resize.Height, resize.Width);
        int other = resize is null ? Array.FindIndex(headers, h => h.Height != height || h.Width != width) : -1;
        if (other >= 0)
            throw DataFault.In(files[other], $"{headers[other].Width} × {headers[other].Height} pixels", $"{width} × {height} as in {files[0]}; 'resize' scales all to one size");
        return new Shape(colour ? 3 : 1, height, width);
    }

    /// <summary>Size and kind of a picture, from its first chunk.</summary>
    public static PngHeader HeaderOf(string path) => DataFile.Read(path, stream =>
    {
        using var input = new ByteInput(stream, path, Math.Min(Head, stream.Length));
        return PngReader.ReadHeader(input);
    });

    /// <summary>Pictures as samples of a shape; those of another size are scaled.</summary>
    public static SampleSet Decode(List<(string Path, int Label)> files, Shape shape, Action<string, double?>? progress)
    {
        long bytes = checked(files.Count * shape.Length);
        if (bytes > Array.MaxLength)
            throw DataFault.In(Path.GetDirectoryName(files[0].Path)!, $"{files.Count} pictures of shape {shape}, {bytes} bytes", $"at most {Array.MaxLength}; 'resize' makes them smaller");
        var pixels = new byte[bytes];
        int done = 0;
        Concurrently.For(files.Count, i =>
        {
            Picture picture = PngReader.Read(files[i].Path);
            Place(picture, shape, pixels.AsSpan(i * shape.Count, shape.Count));
            int count = Interlocked.Increment(ref done);
            if (count % 256 == 0 || count == files.Count)
                progress?.Invoke("reading pictures", (double)count / files.Count);
        });
        return new SampleSet { Shape = shape, Count = files.Count, Bytes = pixels, Labels = [.. files.Select(f => f.Label)], Places = new SamplePlaces("pictures") { Files = [.. files.Select(f => f.Path)] } };
    }

    /// <summary>One picture as planes, scaled where it has another size.</summary>
    public static void Place(Picture picture, Shape shape, Span<byte> target)
    {
        if (picture.Height == shape[1] && picture.Width == shape[2])
        {
            picture.ToPlanes(shape[0], target);
            return;
        }
        int size = checked(picture.Width * picture.Height), plane = shape[1] * shape[2];
        var planes = new byte[checked(shape[0] * size)];
        picture.ToPlanes(shape[0], planes);
        for (int c = 0; c < shape[0]; c++)
            Resize.Plane(planes.AsSpan(c * size, size), picture.Height, picture.Width, shape[1], shape[2]).CopyTo(target[(c * plane)..]);
    }
}
