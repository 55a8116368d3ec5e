using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Starters;

/// <summary>A first config for a table.</summary>
internal sealed class TableStarter
{
    // Of the share that a class would have if all were alike.
    private const double Rare = 0.2;

    // Fewer in the validation part are too few to choose an epoch by.
    private const int FewestRare = 20;

    private readonly string path, folder;
    private readonly TableReading reading;
    private readonly TableProfile table;
    private readonly TargetChoice target;
    private readonly TestTable? test;
    private readonly TableTime? series;
    private readonly int past;
    private readonly Recipe recipe;
    private readonly List<(string Label, string Text)> findings = [];

    private TableStarter(string path, string? wanted, string folder)
    {
        (this.path, this.folder) = (path, folder);
        reading = TableReading.Of(path);
        target = TargetChoice.Of(reading.Table, wanted);
        // Once more: which columns give the answer away.
        table = reading.Profile(path, Name(reading.Table, target.Column));
        test = TestTable.Of(path, table, target.Column, reading);
        series = IsClass || Lists is not null ? null : table.Time;
        past = series is null ? 0 : Math.Max(2, Math.Min(series.UsualPast, table.Rows / 10));
        recipe = series is null ? Recipe.Of(table.Rows, IsClass || Lists is not null) : Recipe.OfSeries(table.Rows - past);
        if (IsRare && Answer.Frequent[^1].Value * (1 - (test is null ? recipe.Test : 0)) * recipe.Validation >= FewestRare)
            recipe = recipe with { Monitor = "pr-auc" };
    }

    private string? Culture => reading.Settings.Culture;

    private ColumnProfile Answer => table.Columns[target.Column];

    // Several labels a row.
    private CellLists? Lists => Answer.Lists;

    private bool IsClass => TargetChoice.IsClass(Answer, table.Rows);

    // What reads it, as the config calls it.
    private string Format => Path.GetExtension(path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path).ToLowerInvariant() switch
    {
        ".jsonl" or ".ndjson" => "jsonl",
        ".parquet" => "parquet",
        _ => "csv",
    };

    // Whether a class has so few rows that accuracy says little.
    private bool IsRare => IsClass && Answer.Frequent.Count == Classes && Answer.Frequent[^1].Value < Rare * table.Rows / Classes;

    private int Classes => IsClass ? Answer.Distinct : 0;

    public static Starter Of(string path, string? target, string folder)
    {
        var starter = new TableStarter(path, target, folder);
        IReadOnlyList<TableColumnText> columns = [.. starter.table.Columns.Select((c, i) => new TableColumnText(c, i == starter.target.Column, starter.IsTime(c, i)))];
        if (starter.series is null && !columns.Any(c => c.Type is not ("ignore" or "target")))
            throw DataFault.In(path, $"no column that a network could learn from: {Reasons(columns)}", "numbers, categories or dates besides the target; '--target' predicts another column, 'columns' in a config takes one all the same");
        string yaml = starter.Write(columns);
        return new Starter
        {
            Kind = "table",
            Task = starter.Lists is not null ? "multi-label" : starter.IsClass ? "classification" : "regression",
            Classes = starter.Classes,
            Target = starter.Answer.Name,
            Samples = starter.table.Rows,
            Columns = [.. columns.Select(c => c.Column)],
            Findings = starter.findings,
            Yaml = yaml,
        };
    }

    private static string Reasons(IReadOnlyList<TableColumnText> columns)
    {
        TableColumnText[] ignored = [.. columns.Where(c => c.Type == "ignore")];
        return ignored.Length == 0 ? "there is no other" : string.Join(", ", ignored.Take(6).Select(c => $"{DataFault.Quote(c.Column.Name)} ({c.Reason})")) + (ignored.Length > 6 ? ", …" : "");
    }

    /// <summary>A column by its name where that names it and no other, else by its number.</summary>
    private static string Name(TableProfile table, int column)
    {
        string name = table.Columns[column].Name;
        bool plain = table.Named && name.Length > 0 && table.Columns.Count(c => c.Name == name) == 1;
        return plain ? name : Recipe.Text($"{column}");
    }

    private string Key(int column) => Name(table, column) is var name && table.Named && name == table.Columns[column].Name ? CommentedYaml.Scalar(name) : name;

    private string Write(IReadOnlyList<TableColumnText> columns)
    {
        Find(columns);
        var yaml = new CommentedYaml();
        yaml.Remark($"Predicts '{Answer.Name}' from {Path.GetFileName(path)}: {findings[0].Text}.");
        yaml.Remark("Written by 'gpugrad init'. Every key and its default: gpugrad schema, docs/config.md.");
        yaml.Add("seed: 1", "another seed gives another split and other initial weights");
        yaml.Add("data:").Add("  dataset:").Add($"    {Format}:");
        yaml.Add($"      path: {CommentedYaml.Scalar(Starter.PathIn(folder, path))}");
        if (test is not null)
            yaml.Add($"      test: {CommentedYaml.Scalar(Starter.PathIn(folder, test.Path))}");
        if (!table.Named)
            yaml.Add("      header: false", "columns go by their numbers from 0");
        WriteReading(yaml);
        yaml.Add(IsClass || Lists is not null ? $"      label: {Key(target.Column)}" : $"      targets: [{Key(target.Column)}]", AnswerText());
        if (series is not null)
            yaml.Add(Recipe.Text($"      window: {{past: {past}, horizon: 1}}"), Recipe.Text($"from the last {past} rows of all columns to the next '{Answer.Name}'"));
        else if (Lists is not null)
            yaml.Add($"      label-delim: {CommentedYaml.Scalar(Lists.Delimiter)}", "between several labels of a row; a row without any has none");
        else if (Answer.Missing > 0)
            yaml.Add("      missing-target: drop", Recipe.Text($"{Answer.Missing:N0} rows have no '{Answer.Name}'"));
        if (columns.Count > 1)
            yaml.Add("      columns:", "number, category, boolean, date or ignore");
        for (int i = 0; i < columns.Count; i++)
        {
            if (i != target.Column)
                yaml.Add($"        {Key(i)}: {columns[i].Type}", columns[i].Remark);
        }
        WriteParts(yaml);
        recipe.WriteModel(yaml, IsClass ? Classes : Lists?.Labels.Count ?? 1, IsClass ? "a score for each class" : Lists is null ? "the predicted number" : "a logit for each label", flatten: series is not null);
        if (IsRare)
            yaml.Add("loss: softmax-cross-entropy", "{softmax-cross-entropy: {class-weights: balanced}} finds more of the rare class, with more false alarms");
        else
            yaml.Add($"loss: {(IsClass ? "softmax-cross-entropy" : Lists is null ? "mse" : "bce-with-logits")}");
        recipe.WriteTraining(yaml);
        return yaml.ToString();
    }

    // A year never repeats, and the last rows already show the time.
    private bool IsTime(ColumnProfile column, int at) =>
        series?.Columns.Contains(at) == true && (column.Type == ColumnType.Date || column.Name.Equals("year", StringComparison.OrdinalIgnoreCase));

    private void WriteReading(CommentedYaml yaml)
    {
        CsvConfig how = reading.Settings;
        if (how.Encoding != TextEncoding.Utf8)
            yaml.Add("      encoding: latin1", "the file is not UTF-8");
        if (how.Comment is not null)
            yaml.Add($"      comment: \"{how.Comment}\"", "the start of comment lines");
        if (how.Culture is not null)
            yaml.Add($"      culture: {how.Culture}", "how numbers and dates are written");
        if (reading.Slips.Count > 0)
            yaml.Add($"      missing-values: [{string.Join(", ", how.MissingValues!.Select(CommentedYaml.Scalar))}]", $"texts that mean a missing value, also {Slips} among numbers");
    }

    private string Slips => string.Join(", ", reading.Slips.Select(DataFault.Quote));

    private void WriteParts(CommentedYaml yaml)
    {
        string rows = series is null ? "" : "the latest rows, ";
        yaml.Add(Recipe.Text($"  batch: {recipe.Batch}"));
        yaml.Add(Recipe.Text($"  validation: {recipe.Validation}"), $"{(series is null ? "" : "the rows before them, ")}held back to choose the best epoch");
        if (test is null)
            yaml.Add(Recipe.Text($"  test: {recipe.Test}"), $"{rows}held back for the final figures");
        yaml.Add("  normalize: standard", "numbers get mean 0 and deviation 1");
        if (!IsClass && Lists is null)
            yaml.Add("  normalize-targets: standard", "undone in all metrics and predictions");
    }

    private string AnswerText() => Lists is not null
        ? string.Join(", ", Lists.Labels.Take(4).Select(c => Recipe.Text($"{c.Key}: {c.Value:N0} rows"))) + (Lists.Labels.Count > 4 ? ", …" : "")
        : IsClass
        ? string.Join(", ", Answer.Frequent.Take(4).Select(c => Recipe.Text($"{c.Key}: {c.Value:N0} rows"))) + (Answer.Distinct > 4 ? ", …" : "")
        : $"{TableColumnText.Number(Answer.Minimum!.Value)} … {TableColumnText.Number(Answer.Maximum!.Value)}, mean {TableColumnText.Number(Answer.Mean!.Value)}";

    private void Find(IReadOnlyList<TableColumnText> columns)
    {
        string[] types = [.. new[] { "number", "category", "boolean", "date" }.Select(t => (Type: t, Count: columns.Count(c => c.Type == t))).Where(t => t.Count > 0)
            .Select(t => t.Count == 1 ? $"1 {t.Type}" : $"{t.Count} {(t.Type == "category" ? "categories" : t.Type + "s")}")];
        findings.Add(("table", Recipe.Text($"{table.Rows:N0} rows, {table.Columns.Count:N0} columns{(table.Named ? "" : " without names")}")));
        findings.Add(("target", $"{Answer.Name} ({target.Why}): {(IsClass ? Recipe.Text($"{Classes} classes, ") : Lists is null ? "a number, " : Recipe.Text($"any of {Lists.Labels.Count} labels, "))}{AnswerText()}"));
        if (Answer.Missing > 0 && Lists is not null)
            findings.Add(("no label", Recipe.Text($"{Answer.Missing:N0} rows")));
        else if (Answer.Missing > 0)
            findings.Add(("left out", Recipe.Text($"{Answer.Missing:N0} rows without a value of {Answer.Name}{(series is null ? "" : " are not predicted")}")));
        if (series is not null)
            findings.Add(("series", Recipe.Text($"each row is later than the one before, so the next '{Answer.Name}' is predicted from the last {past} rows ('window'); without 'window' from its own row")));
        if (types.Length > 0)
            findings.Add(("inputs", string.Join(", ", types)));
        foreach ((TableColumnText column, int at) in columns.Select((c, i) => (c, i)).Where(c => c.c.Type == "ignore"))
            findings.Add(("ignored", $"{(column.Column.Name.Length > 0 ? column.Column.Name : Recipe.Text($"column {at}, which has no name"))}: {column.Column.Reason}"));
        FindReading();
        findings.Add(("test", test is null ? Recipe.Text($"{recipe.Test * 100:0} % of the rows, {(series is null ? "at random" : "the latest")}") : Recipe.Text($"{test.Path}, {test.Rows:N0} rows")));
        if (test is null && TestTable.Unanswered(path, table, target.Column) is string unanswered)
            findings.Add(("note", $"{unanswered} has no '{Answer.Name}': use it with 'gpugrad predict' after training"));
        if (IsRare)
            findings.Add(("rare class", Recipe.Text($"only {Answer.Frequent[^1].Value:N0} rows are '{Answer.Frequent[^1].Key}': accuracy means little; see pr-auc, and docs/imbalance.md for weights and thresholds")));
        foreach (TableColumnText telling in columns.Where((c, i) => c.Type == "number" && TableColumnText.IsTelling(table.Columns[i])))
            findings.Add(("note", $"each value of '{telling.Column.Name}' has one answer: make it 'ignore' if it is not known when you predict"));
        foreach (TableColumnText maybe in columns.Where((c, i) => c.Type == "number" && IsNumberedByHand(table.Columns[i])))
            findings.Add(("note", $"hardly any number occurs twice in '{maybe.Column.Name}': make it 'ignore' if it only names the row"));
        foreach (ColumnProfile twofold in table.Columns.Where(c => c.HasAmbiguousDates))
            findings.Add(("note", $"each date of '{twofold.Name}' can be read in two ways and is read with the {(Culture is null or "en" ? "month" : "day")} first: 'culture: {(Culture is null or "en" ? "en-GB" : "en")}' in the config reads it the other way"));
        foreach (ColumnProfile dated in table.Columns.Where(c => series is null && c.Type == ColumnType.Date && c.Missing == 0 && c.Distinct == table.Rows).Take(1))
            findings.Add(("note", $"each row has its own '{dated.Name}': if neighbouring rows are alike, a random test part is too easy; put the last ones into a separate file ('test')"));
    }

    private void FindReading()
    {
        if (reading.Settings.Encoding != TextEncoding.Utf8)
            findings.Add(("text", "not UTF-8: it is read as Latin-1 ('encoding' in the config)"));
        if (Culture is not null)
            findings.Add(("language", $"numbers and dates are read as {Culture} writes them ('culture' in the config)"));
        if (reading.Slips.Count > 0)
            findings.Add(("missing", $"{Slips} among numbers {(reading.Slips.Count == 1 ? "is" : "are")} read as missing ('missing-values' in the config)"));
    }

    // Identifiers that are random, not consecutive, and whose name does not tell.
    private bool IsNumberedByHand(ColumnProfile column) =>
        !table.Named && column.IsWhole && column.Distinct > 0.9 * table.Rows && column.Maximum - column.Minimum > 20.0 * table.Rows;
}
