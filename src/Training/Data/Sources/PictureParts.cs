using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>The splits of a data set as folders side by side: train, test and val.</summary>
/// <param name="Train">Folder of the training pictures.</param>
/// <param name="Validation">Folder of the validation pictures, or null.</param>
/// <param name="Test">Folder of the test pictures, or null.</param>
internal sealed record PictureParts(string Train, string? Validation, string? Test)
{
    private static readonly string[] TrainNames = ["train", "training"], ValidationNames = ["val", "valid", "validation", "dev"], TestNames = ["test", "testing"];

    /// <summary>The splits in a folder; null if its folders are classes.</summary>
    /// <exception cref="GpuGradException">There are train and test folders beside others.</exception>
    public static PictureParts? Of(string folder)
    {
        IReadOnlyList<FileSystemInfo> folders = FolderWalk.Folders(folder);
        string? train = Find(folders, TrainNames), validation = Find(folders, ValidationNames), test = Find(folders, TestNames);
        if (train is null || (validation is null && test is null))
            return null;
        string[] parts = [.. new[] { train, validation, test }.OfType<string>()];
        FileSystemInfo? other = folders.FirstOrDefault(f => !parts.Contains(f.FullName));
        if (other is not null)
            throw DataFault.In(other.FullName, "a folder beside those of the parts, train and test", "only train, val and test, or only folders of classes; move it elsewhere");
        return new PictureParts(train, validation, test);
    }

    private static string? Find(IReadOnlyList<FileSystemInfo> folders, string[] names)
    {
        FileSystemInfo[] found = [.. folders.Where(f => names.Contains(f.Name, StringComparer.OrdinalIgnoreCase))];
        return found.Length <= 1 ? found.FirstOrDefault()?.FullName : throw DataFault.In(found[1].FullName, $"a second folder beside {DataFault.Quote(found[0].Name)} for the same part", "one");
    }
}
