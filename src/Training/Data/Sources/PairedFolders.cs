using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>Folders <c>images</c> and <c>masks</c> side by side, the usual layout for segmentation.</summary>
internal static class PairedFolders
{
    private static readonly string[] ImageNames = ["images", "image", "imgs", "img"], MaskNames = ["masks", "mask", "labels", "label"];

    /// <summary>The two folders in a folder that holds nothing else visible; null otherwise.</summary>
    public static (string Images, string Masks)? Of(string folder)
    {
        IReadOnlyList<FileSystemInfo> folders = FolderWalk.Folders(folder);
        return Of([.. folders.Select(f => f.Name)]) is var (images, masks) ? (folders[images].FullName, folders[masks].FullName) : null;
    }

    /// <summary>Indices of the folder of pictures and of that of masks among two names; null otherwise.</summary>
    public static (int Images, int Masks)? Of(IReadOnlyList<string> names)
    {
        int images = IndexOf(ImageNames), masks = IndexOf(MaskNames);
        return names.Count == 2 && images >= 0 && masks >= 0 ? (images, masks) : null;

        int IndexOf(string[] known) => names.ToList().FindIndex(n => known.Contains(n, StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>The masks of a folder's pictures.</summary>
    /// <param name="folder">Folder of the pictures, or of both.</param>
    /// <param name="masks">Folder or pattern in the config; null for the folder beside the pictures'.</param>
    /// <param name="context">Folder for relative paths, and the ignored value.</param>
    /// <param name="config">The threshold, and settings for error messages.</param>
    public static MaskFolder Masks(string folder, string? masks, DataContext context, ImagesConfig config)
    {
        (string Images, string Masks)? pair = Of(folder);
        if (masks is null && pair is null)
            throw ConfigException.At(config.Source, $"no masks for {folder}; expected 'test-masks', a pattern with {MaskFolder.Name}, or folders 'images' and 'masks' in it");
        string pictures = masks is null ? pair!.Value.Images : folder;
        string found = masks is null ? pair!.Value.Masks
            : masks.Contains(MaskFolder.Name, StringComparison.Ordinal) ? Path.Combine(pictures, masks)
            : DataFile.Resolve(context, masks, folder: true);
        return new MaskFolder(pictures, found) { Threshold = config.MaskThreshold, Ignored = context.IgnoreIndex };
    }
}
