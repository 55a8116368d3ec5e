using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Starters;

/// <summary>A first config for a table.</summary>
internal sealed class TableStarter
{
    private const double Rare = 0.1;

    private readonly string path, folder;
    private readonly string? culture;
    private readonly TableProfile table;
    private readonly TargetChoice target;
    private readonly TestTable? test;
    private readonly Recipe recipe;
    private readonly List<(string Label, string Text)> findings = [];

    private TableStarter(string path, string? wanted, string folder)
    {
        (this.path, this.folder) = (path, folder);
        TableReading reading = TableReading.Of(path);
        culture = reading.Culture;
        target = TargetChoice.Of(reading.Table, wanted);
        // Once more: which columns give the answer away.
        table = TableProfile.Of(path, new() { Path = path, Culture = culture }, Name(reading.Table, target.Column));
        test = TestTable.Of(path, table, target.Column, culture);
        recipe = Recipe.Of(table.Rows, IsClass);
    }

    private ColumnProfile Answer => table.Columns[target.Column];

    private bool IsClass => TargetChoice.IsClass(Answer, table.Rows);

    // What reads it, as the config calls it.
    private string Format => Path.GetExtension(path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path).ToLowerInvariant() switch
    {
        ".jsonl" or ".ndjson" => "jsonl",
        ".parquet" => "parquet",
        _ => "csv",
    };

    private int Classes => IsClass ? Answer.Distinct : 0;

    public static Starter Of(string path, string? target, string folder)
    {
        var starter = new TableStarter(path, target, folder);
        IReadOnlyList<TableColumnText> columns = [.. starter.table.Columns.Select((c, i) => new TableColumnText(c, i == starter.target.Column))];
        if (!columns.Any(c => c.Type is not ("ignore" or "target")))
            throw Data.Formats.DataFault.In(path, "no column that a network could learn from", "numbers, categories or dates besides what is predicted");
        string yaml = starter.Write(columns);
        return new Starter
        {
            Kind = "table",
            Classes = starter.Classes,
            Target = starter.Answer.Name,
            Samples = starter.table.Rows,
            Columns = [.. columns.Select(c => c.Column)],
            Findings = starter.findings,
            Yaml = yaml,
        };
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
        yaml.Add("seed: 1", "another one splits and begins differently");
        yaml.Add("data:").Add("  dataset:").Add($"    {Format}:");
        yaml.Add($"      path: {CommentedYaml.Scalar(Starter.PathIn(folder, path))}");
        if (test is not null)
            yaml.Add($"      test: {CommentedYaml.Scalar(Starter.PathIn(folder, test.Path))}");
        if (!table.Named)
            yaml.Add("      header: false", "columns go by their numbers from 0");
        if (culture is not null)
            yaml.Add($"      culture: {culture}", "whose numbers and dates these are");
        yaml.Add(IsClass ? $"      label: {Key(target.Column)}" : $"      targets: [{Key(target.Column)}]", AnswerText());
        if (Answer.Missing > 0)
            yaml.Add("      missing-target: drop", Recipe.Text($"{Answer.Missing:N0} rows have no '{Answer.Name}'"));
        yaml.Add("      columns:", "number, category, boolean, date or ignore");
        for (int i = 0; i < columns.Count; i++)
        {
            if (i != target.Column)
                yaml.Add($"        {Key(i)}: {columns[i].Type}", columns[i].Remark);
        }
        WriteParts(yaml);
        recipe.WriteModel(yaml, IsClass ? Classes : 1, IsClass ? "a score for each class" : "the predicted number");
        yaml.Add($"loss: {(IsClass ? "softmax-cross-entropy" : "mse")}");
        recipe.WriteTraining(yaml);
        return yaml.ToString();
    }

    private void WriteParts(CommentedYaml yaml)
    {
        yaml.Add(Recipe.Text($"  batch: {recipe.Batch}"));
        yaml.Add(Recipe.Text($"  validation: {recipe.Validation}"), "held back to choose the best epoch");
        if (test is null)
            yaml.Add(Recipe.Text($"  test: {recipe.Test}"), "held back for the final figures");
        yaml.Add("  normalize: standard", "numbers get mean 0 and deviation 1");
        if (!IsClass)
            yaml.Add("  normalize-targets: standard", "undone in every figure and prediction");
    }

    private string AnswerText() => IsClass
        ? string.Join(", ", Answer.Frequent.Take(4).Select(c => Recipe.Text($"{c.Key}: {c.Value:N0} rows"))) + (Answer.Distinct > 4 ? ", …" : "")
        : $"{TableColumnText.Number(Answer.Minimum!.Value)} … {TableColumnText.Number(Answer.Maximum!.Value)}, mean {TableColumnText.Number(Answer.Mean!.Value)}";

    private void Find(IReadOnlyList<TableColumnText> columns)
    {
        string[] types = [.. new[] { "number", "category", "boolean", "date" }.Select(t => (Type: t, Count: columns.Count(c => c.Type == t))).Where(t => t.Count > 0)
            .Select(t => t.Count == 1 ? $"1 {t.Type}" : $"{t.Count} {(t.Type == "category" ? "categories" : t.Type + "s")}")];
        findings.Add(("table", Recipe.Text($"{table.Rows:N0} rows, {table.Columns.Count:N0} columns{(table.Named ? "" : " without names")}")));
        findings.Add(("target", $"{Answer.Name} ({target.Why}): {(IsClass ? Recipe.Text($"{Classes} classes, ") : "a number, ")}{AnswerText()}"));
        if (Answer.Missing > 0)
            findings.Add(("left out", Recipe.Text($"{Answer.Missing:N0} rows without a value of {Answer.Name}")));
        findings.Add(("inputs", string.Join(", ", types)));
        foreach (TableColumnText column in columns.Where(c => c.Type == "ignore"))
            findings.Add(("ignored", $"{column.Column.Name}: {column.Column.Reason}"));
        if (culture is not null)
            findings.Add(("language", $"numbers and dates are read as {culture} writes them ('culture' in the config)"));
        findings.Add(("test", test is null ? Recipe.Text($"{recipe.Test * 100:0} % of the rows, at random") : Recipe.Text($"{test.Path}, {test.Rows:N0} rows")));
        if (test is null && TestTable.Unanswered(path, table, target.Column) is string unanswered)
            findings.Add(("note", $"{unanswered} has no '{Answer.Name}': it can be given to 'gpugrad predict' after the training"));
        if (IsClass && Answer.Frequent.Count == Classes && Answer.Frequent[^1].Value < Rare * table.Rows / Classes * 2)
            findings.Add(("note", Recipe.Text($"only {Answer.Frequent[^1].Value:N0} rows are '{Answer.Frequent[^1].Key}': judge by F1 and PR-AUC ('gpugrad eval'), not by accuracy")));
        foreach (TableColumnText telling in columns.Where((c, i) => c.Type == "number" && TableColumnText.IsTelling(table.Columns[i])))
            findings.Add(("note", $"each value of '{telling.Column.Name}' has one answer: make it 'ignore' if it is not known when you predict"));
        foreach (ColumnProfile dated in table.Columns.Where(c => c.Type == ColumnType.Date && c.Missing == 0 && c.Distinct == table.Rows).Take(1))
            findings.Add(("note", $"each row has its own '{dated.Name}': where rows in time are alike a random test part is too easy; put the last ones into a file of their own ('test'), or predict the next rows from the last with 'window' (docs/regression.md)"));
    }
}
