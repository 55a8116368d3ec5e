using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data.Inputs;

/// <summary>Pictures for a trained network: of its size, or scaled to it where its training data were.</summary>
internal static class PictureInput
{
    private const string Folders = "a folder";

    public static SampleSet One(Picture picture, string name, FittedInput fitted, ReadingOptions options)
    {
        Shape shape = RequirePictures(name, "a picture", fitted, options);
        Require(name, picture.Height, picture.Width, shape, options);
        var planes = new byte[shape.Count];
        ImageFolder.Place(picture, shape, planes);
        return new SampleSet { Shape = shape, Count = 1, Bytes = planes, Places = new SamplePlaces(name) { Files = [name] } };
    }

    /// <summary>Pictures in a folder, or in a folder for each class.</summary>
    public static SampleSet Folder(string folder, FittedInput fitted, ReadingOptions options, bool answers)
    {
        Shape shape = RequirePictures(folder, Folders, fitted, options);
        FileSystemInfo[] entries = [.. DataFile.List(folder).Where(e => !e.Name.StartsWith('.'))];
        bool classes = entries.Any(e => e is DirectoryInfo);
        if (answers && (!classes || fitted.ClassNames is null))
            throw DataFault.In(folder, "no folders", "a folder of PNG pictures for each class");
        List<(string Path, int Label)> files = classes
            ? ImageFolder.Files(folder, answers ? [.. fitted.ClassNames!] : null)
            : [.. entries.Where(e => e.Name.EndsWith(".png", StringComparison.OrdinalIgnoreCase)).Select(e => (e.FullName, 0))];
        if (files.Count == 0)
            throw DataFault.In(folder, "no pictures", "PNG files");
        foreach ((string path, _) in files)
        {
            PngHeader header = ImageFolder.HeaderOf(path);
            Require(path, header.Height, header.Width, shape, options);
        }
        SampleSet samples = ImageFolder.Decode(files, shape, progress: null);
        return answers ? samples : samples with { Labels = null };
    }

    private static Shape RequirePictures(string name, string found, FittedInput fitted, ReadingOptions options)
    {
        Shape shape = fitted.Shape.Shape;
        if (shape.Rank != 3 || shape[0] is not (1 or 3))
            throw DataFault.In(name, found, $"{(found == Folders ? "a file of " : "")}samples {fitted.Sizes}, as the network was trained on");
        // A table's columns may be pixels; an array of floats is pixels that somebody scaled.
        if (fitted.Bytes == false && !options.IsTable)
            throw DataFault.In(name, $"{found}{(found == Folders ? " of pictures" : "")}, bytes from 0 to 255", "an array of numbers as the network was trained on, or they would be scaled differently");
        return shape;
    }

    private static void Require(string name, int height, int width, Shape shape, ReadingOptions options)
    {
        if (!options.Resizes && (height != shape[1] || width != shape[2]))
            throw DataFault.In(name, $"a picture of {width} × {height} pixels", $"{shape[2]} × {shape[1]} as in training, which scaled none ('resize' in the config does)");
    }
}
