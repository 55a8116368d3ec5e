using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Starters;

/// <summary>Writes a first config for a folder: pictures in class folders, texts, a table, or arrays.</summary>
internal static class FolderStarter
{
    private const string Series = "for a folder with one series per file, write the config by hand: 'dataset: {series: FOLDER}' (docs/sequences.md)";

    private const int FilesLooked = 200;

    public static Starter Of(string folder, string? target, string configFolder, Action<string, double?>? progress)
    {
        FileSystemInfo[] entries = DataFile.List(folder, folder);
        string[] files = [.. entries.OfType<FileInfo>().Where(f => !f.Name.StartsWith('.')).Select(f => Path.Combine(folder, f.Name))];
        if (TextStarter.HoldsTexts(folder))
        {
            Starter.RefuseTarget(folder, target);
            return TextStarter.OfFolder(folder, configFolder);
        }
        bool tablesBelow = HoldsTables(folder);
        if (tablesBelow && !files.Any(SampleFiles.IsTable))
            throw DataFault.In(folder, "folders of tables", $"a table, arrays, or a folder of pictures for each class; {Series}");
        if (!tablesBelow && (entries.Any(e => e is DirectoryInfo && !e.Name.StartsWith('.')) || files.Any(PictureFolder.IsPicture)))
        {
            Starter.RefuseTarget(folder, target);
            return PictureStarter.Of(folder, configFolder, progress);
        }
        string[] tables = [.. files.Where(SampleFiles.IsTable)];
        string? single = Only(tables) ?? Only([.. files.Where(f => f.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))])
            ?? files.FirstOrDefault(f => Path.GetFileName(f) is "x.npy" or "X.npy" or "x_train.npy" or "X_train.npy")
            ?? IdxFiles.Find(folder, IdxFiles.MnistNames[0]);
        return single is not null
            ? Starter.Of(single, target, configFolder, progress)
            : throw DataFault.In(folder, tables.Length > 1 ? $"{tables.Length} tables" : "no folders of pictures, no table and no arrays", tables.Length > 1 ? $"the path of the one to train on; {Series}" : "a folder of pictures for each class, or the path of a table, npz, npy or IDX file");
    }

    // Whether its subfolders hold tables and no pictures.
    private static bool HoldsTables(string folder)
    {
        FileInfo[] files = [.. FolderWalk.Folders(folder).SelectMany(f => ((DirectoryInfo)f).EnumerateFiles("*", SearchOption.AllDirectories).Take(FilesLooked))];
        return files.Any(f => SampleFiles.IsTable(f.Name)) && !files.Any(f => PictureFolder.IsPicture(f.Name));
    }

    // The only file, or the training part of several.
    private static string? Only(string[] files)
    {
        string[] training = [.. files.Where(f => Path.GetFileName(f).Contains("train", StringComparison.OrdinalIgnoreCase))];
        return files.Length == 1 ? files[0] : training.Length == 1 ? training[0] : null;
    }
}
