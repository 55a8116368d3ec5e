using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Starters;

/// <summary>A column of a table, and its type in the config.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="Type">Its type in the config: <c>number</c>, <c>category</c>, <c>boolean</c>, <c>date</c>, <c>ignore</c> or <c>target</c>.</param>
/// <param name="Reason">Why it is ignored; null for other types.</param>
public sealed record StarterColumn(string Name, string Type, string? Reason = null);

/// <summary>A first config for a user's data, as <c>init</c> writes it: what was found in the data, and YAML that trains on them.</summary>
public sealed record Starter
{
    // The target of an autoencoder, as in a config: its own input.
    private const string Input = "input";

    /// <summary><c>table</c>, <c>pictures</c>, <c>segmentation</c>, <c>arrays</c>, <c>text</c> (for a language model) or <c>texts</c> (to be classified).</summary>
    public required string Kind { get; init; }

    /// <summary>Number of classes; 0 for regression.</summary>
    public required int Classes { get; init; }

    /// <summary><c>classification</c>, <c>regression</c>, <c>multi-label</c>, <c>segmentation</c>, <c>autoencoder</c> or <c>language model</c>.</summary>
    public string Task { get => field.Length > 0 ? field : Classes > 0 ? "classification" : "regression"; init; } = "";

    /// <summary>The column to predict; null for data without columns.</summary>
    public string? Target { get; init; }

    /// <summary>Number of samples found, not counting a separate test set.</summary>
    public required long Samples { get; init; }

    public IReadOnlyList<StarterColumn> Columns { get; init; } = [];

    /// <summary>What was found and decided, one line each with a label of at most ten letters.</summary>
    public required IReadOnlyList<(string Label, string Text)> Findings { get; init; }

    public required string Yaml { get; init; }

    /// <summary>Inspects a file or folder of samples and writes a config for it.</summary>
    /// <param name="data">The file or folder.</param>
    /// <param name="target">The column to predict, by name or number; null to choose one. For arrays, <c>input</c> asks for an autoencoder.</param>
    /// <param name="folder">The config's folder: paths in the config are relative to it.</param>
    /// <param name="progress">Reports the current work, with the share that is done.</param>
    /// <exception cref="GpuGradException">
    /// <see cref="Fault.Data"/>: the data cannot be trained on, with the reason; <see cref="Fault.Config"/>: there is no such target.
    /// </exception>
    public static Starter Of(string data, string? target, string folder, Action<string, double?>? progress = null)
    {
        if (Directory.Exists(data))
            return FolderStarter.Of(data, target, folder, progress);
        if (TextStarter.IsText(data))
        {
            RefuseTarget(data, target);
            return TextStarter.OfFile(data, folder);
        }
        SampleFile kind = DataFile.Read(data, stream => SampleFiles.Of(stream, data, new ReadingOptions()));
        if (kind == SampleFile.Table)
            return TableStarter.Of(data, target, folder);
        bool toItself = kind is SampleFile.Npz or SampleFile.Npy or SampleFile.Idx && target == Input;
        if (!toItself)
            RefuseTarget(data, target);
        return kind switch
        {
            SampleFile.Npz => ArrayStarter.OfArchive(data, folder, toItself),
            SampleFile.Npy or SampleFile.Idx => ArrayStarter.OfFile(data, folder, toItself),
            _ => throw DataFault.In(data, "a single picture", "a folder with a folder of pictures for each class"),
        };
    }

    internal static void RefuseTarget(string data, string? target)
    {
        if (target is not null)
            throw new GpuGradException(Fault.Config, $"--target {target} with {data}; expected a table, whose columns have names, or arrays and '--target input' for an autoencoder");
    }

    /// <summary>A path for the config: relative to the config's folder, with forward slashes.</summary>
    internal static string PathIn(string folder, string path)
    {
        string relative = System.IO.Path.GetRelativePath(System.IO.Path.GetFullPath(folder), System.IO.Path.GetFullPath(path));
        return OperatingSystem.IsWindows() ? relative.Replace('\\', '/') : relative;
    }
}
