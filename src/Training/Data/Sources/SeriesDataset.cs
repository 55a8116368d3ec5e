using System.Globalization;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Sources;

/// <summary>
/// Series with a class each, of any length: a folder of tables of numbers, whose rows are steps and whose columns are features. The class is the table's folder,
/// or is given in a separate table. Series are padded at their end; layers over time know how long each is.
/// </summary>
public sealed record SeriesConfig : DatasetConfig
{
    private const int MostSteps = 1 << 20;

    /// <summary>Folder of the series.</summary>
    [Shorthand]
    public required string Path { get; init => field = Require.NotEmpty(value); }

    /// <summary>Table with one row per series: its file name (with or without extension, or just the number at its end) and its class.</summary>
    [DefaultText("none: each subfolder is a class")]
    public string? Labels { get; init => field = value is null ? null : Require.NotEmpty(value); }

    /// <summary>Steps per sample: longer series are truncated.</summary>
    [DefaultText("the length of the longest series")]
    public int? Length { get; init => field = value is int v ? Require.Between(v, 1, MostSteps) : null; }

    internal override ReadingOptions Reading => new() { Series = this };

    public override DataSet Load(DataContext context)
    {
        string folder = DataFile.Resolve(context, Path, folder: true);
        string? labels = Labels is null ? null : DataFile.Resolve(context, Labels);
        SeriesFolder found = SeriesFolder.Read(folder, labels is null ? null : DataFile.Read(labels, stream => SeriesLabels.Read(stream, labels)), labels, answers: true);
        IReadOnlyList<string> classes = context.Fitted?.ClassNames ?? ClassTexts.InOrder(found.Classes!);
        var notes = new List<string>(found.Notes);
        SampleSet samples = found.ToSamples(context.Fitted?.Shape.Shape[0] ?? Length ?? found.Longest, classes, notes.Add);
        return ArraySamples.DataSet(samples, null, "", $"series in {folder}", classes) with { Notes = notes };
    }
}

/// <summary>Classes of series by name.</summary>
internal static class SeriesLabels
{
    public static IReadOnlyDictionary<string, string> Read(Stream stream, string name)
    {
        var classes = new Dictionary<string, string>(StringComparer.Ordinal);
        using Tables.ITableRows rows = Tables.TableRows.Open(stream, name, new CsvOptions { Separator = CsvOptions.SeparatorOf(name) });
        for (bool first = true; rows.Read(); first = false)
        {
            if (rows.Count < 2)
                throw DataFault.At(name, rows.Line, 1, "one column", "the name of a series and its class");
            (string series, string label) = (CsvReading.Strict.GetString(rows.Cell(0)).Trim(), CsvReading.Strict.GetString(rows.Cell(1)).Trim());
            // The first row may be a header: its "class" is then not a number while the others are.
            if (first)
                classes[""] = $"{series}\n{label}";
            else if (label.Length == 0 || !classes.TryAdd(series, label))
                throw DataFault.At(name, rows.Line, 1, label.Length == 0 ? $"no class for {DataFault.Quote(series)}" : $"{DataFault.Quote(series)} for the second time", "one class for each series");
        }
        if (classes.Remove("", out string? head) && head.Split('\n') is [var id, var text] && (classes.Count == 0 || ClassTexts.TryWhole(text, out _) == ClassTexts.AreWhole(classes.Values)) && !id.StartsWith('#'))
            classes.TryAdd(id, text);
        return classes;
    }

    /// <summary>The class of a file; null if it has none.</summary>
    public static string? Of(IReadOnlyDictionary<string, string> classes, string path)
    {
        string stem = Path.GetFileNameWithoutExtension(path);
        string digits = stem[(stem.AsSpan().LastIndexOfAnyExceptInRange('0', '9') + 1)..];
        return new[] { Path.GetFileName(path), stem, digits, digits.TrimStart('0') }.Select(n => classes.GetValueOrDefault(n)).FirstOrDefault(c => c is not null);
    }
}

/// <summary>The series read from a folder.</summary>
internal sealed record SeriesFolder(string Name, IReadOnlyList<string> Files, IReadOnlyList<double[]> Series, int Features, IReadOnlyList<string>? Classes)
{
    public IReadOnlyList<string> Notes { get; init; } = [];

    public int Longest => Series.Max(s => s.Length / Features);

    /// <param name="path">A folder, or the file of one series.</param>
    /// <param name="labels">Classes by name; null if folders are classes.</param>
    /// <param name="labelFile">The table of classes, which is not a series.</param>
    /// <param name="answers">Whether classes are needed.</param>
    public static SeriesFolder Read(string path, IReadOnlyDictionary<string, string>? labels, string? labelFile, bool answers)
    {
        string[] files = Directory.Exists(path) ? [.. TablesOf(path).Where(f => Path.GetFullPath(f) != labelFile)] : [path];
        if (files.Length == 0)
            throw DataFault.In(path, "no series", "tables of numbers, .csv or .tsv, one per series");
        string[] notes = [];
        string?[] classes = [.. files.Select(f => !answers ? null : labels is not null ? SeriesLabels.Of(labels, f) : Path.GetRelativePath(path, Path.GetDirectoryName(f)!).Replace('\\', '/'))];
        if (answers && Array.IndexOf(classes, labels is null ? "." : null) is >= 0 and int first)
        {
            if (labels is null)
                throw DataFault.In(files[first], "a series outside the folders of the classes", "a folder of series for each class, or 'labels', a table of the classes");
            notes = [string.Create(CultureInfo.InvariantCulture, $"{path}: {classes.Count(c => c is null)} of {files.Length} files have no class in {labelFile} and are left out, {Path.GetFileName(files[first])} among them")];
            (files, classes) = ([.. files.Where((_, i) => classes[i] is not null)], [.. classes.Where(c => c is not null)]);
            if (files.Length == 0)
                throw DataFault.In(path, $"no file with a class in {labelFile}", "names of files, or the numbers at their end, in its first column");
        }
        var series = new (double[] Numbers, int Features)[files.Length];
        Concurrently.For(files.Length, i => series[i] = DataFile.Read(files[i], stream => Numbers(stream, files[i])));
        int odd = Array.FindIndex(series, s => s.Features != series[0].Features);
        if (odd >= 0)
            throw DataFault.In(files[odd], string.Create(CultureInfo.InvariantCulture, $"{series[odd].Features} columns"), string.Create(CultureInfo.InvariantCulture, $"{series[0].Features}, as in {files[0]}"));
        return new SeriesFolder(path, files, [.. series.Select(s => s.Numbers)], series[0].Features, answers ? [.. classes!] : null) { Notes = notes };
    }

    /// <summary>Samples [length, features], padded with zeros at their end.</summary>
    public SampleSet ToSamples(int length, IReadOnlyList<string>? order, Action<string>? note)
    {
        int size = checked(length * Features);
        var numbers = new double[checked(Series.Count * size)];
        for (int i = 0; i < Series.Count; i++)
            Series[i].AsSpan(0, Math.Min(size, Series[i].Length)).CopyTo(numbers.AsSpan(i * size));
        int longer = Series.Count(s => s.Length > size);
        if (longer > 0)
            note?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{Name}: {longer} of {Series.Count} series have more than {length} steps, the longest {Longest}; the rest is left out"));
        var samples = new SampleSet { Shape = new Shape(length, Features), Count = Series.Count, Lengths = [.. Series.Select(s => Math.Min(length, s.Length / Features))], Places = new SamplePlaces(Name) { Files = Files } };
        return (order is null ? samples : samples with { Labels = ClassTexts.Labels(Classes!, order, i => Files[i]) }).WithNumbers(numbers);
    }

    private static List<string> TablesOf(string folder)
    {
        var found = new List<string>();
        FolderWalk.Run(folder, folder, (file, _) =>
        {
            if (SampleFiles.IsTable(file.FullName) && !FolderWalk.IsHidden(file))
                found.Add(file.FullName);
        });
        return found;
    }

    private static (double[], int) Numbers(Stream stream, string name)
    {
        var numbers = new List<double>();
        int features = 0;
        using Tables.ITableRows rows = Tables.TableRows.Open(stream, name, new CsvOptions { Separator = CsvOptions.SeparatorOf(name) });
        for (bool first = true; rows.Read(); first = false)
        {
            double?[] row = [.. Enumerable.Range(0, rows.Count).Select(c => double.TryParse(rows.Cell(c), NumberStyles.Float, CultureInfo.InvariantCulture, out double v) && Math.Abs(v) <= float.MaxValue ? v : (double?)null)];
            if (first && row.All(v => v is null))
                continue; // a header
            features = features == 0 ? row.Length : features;
            int wrong = Array.IndexOf(row, null);
            if (wrong >= 0 || row.Length != features)
                throw DataFault.At(name, rows.Line, wrong >= 0 ? rows.PlaceOf(wrong).Column : 1, wrong >= 0 ? DataFault.Quote(CsvReading.Strict.GetString(rows.Cell(wrong))) : $"{row.Length} columns", wrong >= 0 ? "a number" : $"{features}, as before");
            numbers.AddRange(row.Select(v => v!.Value));
        }
        return features > 0 ? ([.. numbers], features) : throw DataFault.In(name, "no rows of numbers", "one row of numbers per step");
    }
}
