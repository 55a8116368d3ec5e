using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Starters;

/// <summary>Writes a first config for pictures in class folders.</summary>
internal static class PictureStarter
{
    // With more pictures, an evenly spaced subset is measured.
    private const int MostMeasured = 500, LargestSide = 128;

    public static Starter Of(string folder, string configFolder, Action<string, double?>? progress)
    {
        string full = Path.GetFullPath(folder);
        if (FolderWalk.Folders(full) is [var only] && PairedFolders.Of(only.FullName) is not null)
            return Of(Path.Combine(folder, only.Name), configFolder, progress);
        string train = PictureParts.Of(full)?.Train ?? full;
        (int height, int width, bool differ) = Measure(train, full);
        if (PairedFolders.Of(full) is not null || ImagesConfig.PairedParts(full) is not null)
            return OfMasks(folder, full, configFolder, differ || !SegmentationStarter.Suits(height, width) ? SegmentationStarter.Side(height, width) : null, differ, progress);
        ResizeConfig? resize = differ || Math.Max(height, width) > LargestSide ? Square(height, width) : null;
        var config = new ImagesConfig { Path = full, Resize = resize };
        // Left on disk: only headers have to be read.
        DataSet data = config.Load(new DataContext(full, 1, progress) { Cache = SampleCache.Disk });
        if (data.ClassNames is { Count: 1 } single)
            throw DataFault.In(folder, $"pictures of one class, {DataFault.Quote(single[0])}", "folders of two classes or more; a network learns to tell them apart");
        if (PairedFolders.Of([.. (data.ClassNames ?? []).Select(c => c.Split('/')[^1])]) is not null)
            throw DataFault.In(folder, $"folders {string.Join(" and ", data.ClassNames!.Select(DataFault.Quote))}, which look like pictures and their masks", "the path of the folder that holds the two; for a class of each picture, a folder of pictures for each class");
        var lines = new List<(string, string?)>
        {
            ("    images:", null),
            ($"      path: {CommentedYaml.Scalar(Starter.PathIn(configFolder, folder))}", data.Test is null && data.Validation is null ? "a folder for each class" : "folders of its parts, and in them one for each class"),
        };
        if (resize is not null)
            lines.Add((Recipe.Text($"      resize: {{size: {resize.Size.Height}, method: crop}}"), differ ? Recipe.Text($"their sizes differ; {width} × {height} is typical") : Recipe.Text($"smaller than their {width} × {height}: faster")));
        return new SampleStarter("pictures", folder, data).Make(lines);
    }

    private static Starter OfMasks(string folder, string full, string configFolder, int? side, bool differ, Action<string, double?>? progress)
    {
        var config = new ImagesConfig { Path = full, Resize = side is int s ? new ResizeConfig { Size = new ImageSize(s, s) } : null };
        DataSet data = config.Load(new DataContext(full, 1, progress) { Cache = SampleCache.Disk });
        var lines = new List<(string, string?)>
        {
            ("    images:", null),
            ($"      path: {CommentedYaml.Scalar(Starter.PathIn(configFolder, folder))}", "a folder of pictures, and one of masks with the same names"),
        };
        if (side is not null)
            lines.Add((Recipe.Text($"      resize: {side}"), differ ? "their sizes differ" : "can be halved three times; larger pictures train more slowly"));
        return new SegmentationStarter(folder, data).Make(lines);
    }

    private static (int Height, int Width, bool Differ) Measure(string folder, string root)
    {
        IReadOnlyList<PictureFile> files = PictureFolder.Scan(folder, root).Pictures;
        int step = Math.Max(1, files.Count / MostMeasured);
        var sizes = new List<(int Height, int Width)>();
        for (int i = 0; i < files.Count; i += step)
        {
            PictureHeader header = PictureReader.Header(PictureReader.Bytes(files[i].Path), files[i].Path);
            sizes.Add((header.Height, header.Width));
        }
        int[] heights = [.. sizes.Select(s => s.Height).Order()], widths = [.. sizes.Select(s => s.Width).Order()];
        return (heights[heights.Length / 2], widths[widths.Length / 2], sizes.Distinct().Count() > 1);
    }

    private static ResizeConfig Square(int height, int width) =>
        new() { Size = new ImageSize(PictureRecipe.Side(height, width), PictureRecipe.Side(height, width)), Method = ResizeMethod.Crop };
}
