using System.Globalization;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Assigns the columns of a file to their roles.</summary>
/// <param name="Layout">The columns of the training table.</param>
/// <param name="Names">The header; null if there is none.</param>
/// <param name="Count">Number of columns in the file.</param>
/// <param name="Features">Indices of the feature columns, in the order of a sample's numbers.</param>
/// <param name="Targets">Indices of the target columns; empty if they are not needed.</param>
/// <param name="Label">Index of the label column; null if there is none or it is not needed.</param>
/// <param name="Plans">Known type and encoding of each feature; null to infer them.</param>
internal sealed record CsvColumns(TableColumns Layout, string[]? Names, int Count, int[] Features, int[] Targets, int? Label, ColumnFit?[] Plans)
{
    private const int MostNamed = 5;

    /// <summary>Columns that the training table lacks; they are not read.</summary>
    public IReadOnlyList<string> Extra { get; private init; } = [];

    /// <summary>A note about them; null for none.</summary>
    public string? Note => Extra.Count == 0 ? null : string.Create(
        CultureInfo.InvariantCulture,
        $"{(Extra.Count == 1 ? "a column that training did not have is" : $"{Extra.Count:N0} columns that training did not have are")} left out: {string.Join(", ", Extra.Take(MostNamed).Select(DataFault.Quote))}{(Extra.Count > MostNamed ? ", …" : "")}");

    /// <summary>The columns of a training table, by the settings in the config.</summary>
    public static CsvColumns Learn(string file, CsvOptions options, string[]? names, int count)
    {
        int[] targets = [.. options.Targets.Select(Find)];
        if (options.Window is not null && options.Label is null)
            return LearnSeries(file, options with { Window = null, Targets = [], Label = null }, names, count, targets);
        int? label = options.IsSeries || targets.Length > 0 ? null : options.Label is string wanted ? Find(wanted) : Default();
        Dictionary<int, ColumnConfig> stated = Stated(file, options, Find);
        int[] ignored = [.. options.Ignore.Select(Find), .. stated.Where(s => s.Value is IgnoredColumnConfig).Select(s => s.Key)];
        int[] taken = [.. targets, .. ignored, .. label is int l ? [l] : Array.Empty<int>()];
        if (taken.Distinct().Count() != taken.Length)
            throw DataFault.At(file, 1, 1, "a column with two roles", "each column once in 'label', 'targets' and 'ignore'");
        int[] features = [.. Enumerable.Range(0, count).Except(taken)];
        if (features.Length == 0)
            throw DataFault.At(file, 1, 1, $"{count} columns, none of them a feature", "at least one besides the label; is the separator another?");
        var columns = new TableColumn[count];
        for (int i = 0; i < count; i++)
        {
            ColumnRole role = i == label ? ColumnRole.Label : targets.Contains(i) ? ColumnRole.Target : ignored.Contains(i) ? ColumnRole.Ignored : ColumnRole.Feature;
            columns[i] = new TableColumn(names?[i].Trim() ?? TableColumns.NameOf(i), role);
        }
        ColumnFit?[] plans = [.. features.Select(f => stated.GetValueOrDefault(f)?.Plan())];
        return new CsvColumns(new TableColumns(columns, names is not null, targets), names, count, features, targets, label, plans);

        int Default() => names is null || Array.FindIndex(names, n => n.Trim() == CsvOptions.DefaultLabel) is var at && at < 0 ? count - 1 : at;

        int Find(string wanted)
        {
            int[] found = [.. Enumerable.Range(0, count).Where(i => names is not null && names[i].Trim() == wanted)];
            if (found.Length > 1)
                throw DataFault.At(file, 1, 1, $"{found.Length} columns called {DataFault.Quote(wanted)}", "one; give its number, the first is 0");
            if (found.Length == 1)
                return found[0];
            if (int.TryParse(wanted, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= -count && number < count)
                return number < 0 ? number + count : number;
            string known = names is null ? $"a number from 0 to {count - 1}, as the columns have no names ('header: true' makes the first row names)" : "one of " + DataFault.Some(names);
            throw DataFault.At(file, 1, 1, $"no column {DataFault.Quote(wanted)}", known);
        }
    }

    // In a series the past of the targets is part of a sample.
    private static CsvColumns LearnSeries(string file, CsvOptions options, string[]? names, int count, int[] targets)
    {
        CsvColumns columns = Learn(file, options with { IsSeries = true }, names, count);
        if (targets.FirstOrDefault(t => !columns.Features.Contains(t), -1) is >= 0 and int ignored)
            throw DataFault.At(file, 1, 1, $"{columns.NameOf(ignored)} with two roles", "each column once in 'targets' and 'ignore'");
        ColumnFit?[] plans = [.. columns.Plans.Select((p, i) => targets.Contains(columns.Features[i]) ? p ?? new ColumnFit(ColumnType.Number) : p)];
        return columns with { Plans = plans };
    }

    /// <summary>The columns of another table, matched to the training table: by name if both have names, else by position.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="layout">The training table's columns.</param>
    /// <param name="names">The header; null if there is none.</param>
    /// <param name="count">Number of columns in the file.</param>
    /// <param name="answers">Whether label or targets are needed; otherwise they may be there, but are not read.</param>
    public static CsvColumns Follow(string file, TableColumns layout, string[]? names, int count, bool answers)
    {
        // Index in the file of each column of the training table; -1 if missing.
        int[] places = names is not null && layout.Named ? ByName(file, layout, names) : ByOrder(file, layout, count, answers);
        IReadOnlyList<int> wanted = answers ? [.. layout.Of(ColumnRole.Feature), .. layout.Targets, .. layout.Of(ColumnRole.Label)] : layout.Of(ColumnRole.Feature);
        foreach (int column in wanted)
        {
            if (places[column] < 0)
                throw DataFault.At(file, 1, 1, $"no column {DataFault.Quote(layout.Columns[column].Name)}", $"the columns of the training data: {DataFault.Some(wanted.Select(c => layout.Columns[c].Name))}");
        }
        return new CsvColumns(
            layout,
            names,
            count,
            [.. layout.Of(ColumnRole.Feature).Select(c => places[c])],
            answers ? [.. layout.Targets.Select(c => places[c])] : [],
            answers && layout.Label is int label ? places[label] : null,
            [.. layout.Of(ColumnRole.Feature).Select(c => layout.Columns[c].Fit ?? new ColumnFit(ColumnType.Number) { Missing = MissingStrategy.Refuse })])
        {
            // Without names, a table with other columns does not match the training table.
            Extra = names is null || !layout.Named ? [] : [.. Enumerable.Range(0, count).Except(places).Select(i => names![i].Trim())],
        };
    }

    private static Dictionary<int, ColumnConfig> Stated(string file, CsvOptions options, Func<string, int> find)
    {
        var stated = new Dictionary<int, ColumnConfig>();
        foreach ((string name, ColumnConfig config) in options.Columns)
        {
            if (!stated.TryAdd(find(name), config))
                throw DataFault.At(file, 1, 1, $"{DataFault.Quote(name)} in 'columns', a column that is there already under another name", "each column once");
        }
        return stated;
    }

    private static int[] ByName(string file, TableColumns layout, string[] names)
    {
        string[] trimmed = Array.ConvertAll(names, n => n.Trim());
        if (trimmed.SequenceEqual(layout.Columns.Select(c => c.Name)))
            return [.. Enumerable.Range(0, names.Length)];
        for (int i = 0; i < trimmed.Length; i++)
        {
            int[] known = [.. Enumerable.Range(0, layout.Columns.Count).Where(c => layout.Columns[c].Name == trimmed[i])];
            if (known.Length == 0)
                continue;
            if (known.Length > 1 || Array.IndexOf(trimmed, trimmed[i]) != i)
                throw DataFault.At(file, 1, 1, $"two columns called {DataFault.Quote(trimmed[i])}", "one, or all columns in the order of the training data");
        }
        return [.. layout.Columns.Select(c => Array.IndexOf(trimmed, c.Name))];
    }

    private static int[] ByOrder(string file, TableColumns layout, int count, bool answers)
    {
        IReadOnlyList<int> features = layout.Of(ColumnRole.Feature);
        if (count == layout.Columns.Count)
            return [.. Enumerable.Range(0, count)];
        if (answers || count != features.Count)
        {
            string all = layout.Columns.Count == features.Count ? "" : $" or {layout.Columns.Count}, all of the training data";
            throw DataFault.At(file, 1, 1, $"{count} columns", answers ? $"{layout.Columns.Count}, as in the training data" : $"{features.Count}, the numbers of a sample{all}");
        }
        var places = new int[layout.Columns.Count];
        Array.Fill(places, -1);
        for (int i = 0; i < features.Count; i++)
            places[features[i]] = i;
        return places;
    }

    public string NameOf(int column) => Names is null ? TableColumns.NameOf(column) : $"column {DataFault.Quote(Names[column].Trim())}";
}
