using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Reads texts in a column of a table, with their classes in another.</summary>
internal static class TextTable
{
    /// <summary>Whether a file's name is that of a table.</summary>
    public static bool IsTable(string name) => Inputs.SampleFiles.IsTable(name) && !name.EndsWith(".txt", StringComparison.OrdinalIgnoreCase);

    /// <param name="stream">The table.</param>
    /// <param name="name">Its name.</param>
    /// <param name="config">The columns.</param>
    /// <param name="answers">Whether classes are needed.</param>
    public static Documents Read(Stream stream, string name, TextConfig config, bool answers)
    {
        using ITableRows rows = TableRows.Open(stream, name, new CsvOptions { Separator = CsvOptions.SeparatorOf(name) });
        bool more = rows.Read();
        if (!more)
            throw DataFault.At(name, 1, 1, "no rows", "a table");
        string[] names = [.. rows.Names ?? [.. Enumerable.Range(0, rows.Count).Select(i => Text(rows, i).Trim())]];
        if (rows.Names is null)
            more = rows.Read();
        int column = Find(names, config.Column ?? "text", name, "column", config), label = answers ? Find(names, config.Label ?? "label", name, "label", config) : -1;
        var (texts, classes, lines) = (new List<byte[]>(), new List<string>(), new List<long>());
        for (; more; more = rows.Read())
        {
            if (rows.Count != names.Length)
                throw DataFault.At(name, rows.Line, 1, string.Create(CultureInfo.InvariantCulture, $"{rows.Count} columns"), string.Create(CultureInfo.InvariantCulture, $"{names.Length}, as in the first row"));
            texts.Add(TextFile.Of(rows.Cell(column).ToArray(), string.Create(CultureInfo.InvariantCulture, $"{name}:{rows.Line}"), config));
            lines.Add(rows.Line);
            if (!answers)
                continue;
            string text = Text(rows, label).Trim();
            if (text.Length == 0 || ClassTexts.IsMissing(text))
                throw DataFault.At(name, rows.Line, rows.PlaceOf(label).Column, $"no class in column {DataFault.Quote(names[label])}", "one; leave rows without a class out");
            classes.Add(text);
        }
        return texts.Count > 0 ? new Documents(name, texts, answers ? classes : null, new SamplePlaces(name) { Lines = lines }) : throw DataFault.At(name, 1, 1, "no rows below the names of the columns", "a text a row");
    }

    private static string Text(ITableRows rows, int column) => CsvReading.Strict.GetString(rows.Cell(column));

    private static int Find(string[] names, string wanted, string name, string key, TextConfig config)
    {
        int found = Array.IndexOf(names, wanted);
        if (found < 0 && ScalarBinder.TryWhole(wanted, out long number) && number >= -names.Length && number < names.Length)
            found = (int)(number < 0 ? number + names.Length : number);
        return found >= 0 ? found : throw ConfigException.At(
            config.Source, $"text.{key}: {name} has no column {DataFault.Quote(wanted)}; {Suggestion.For(wanted, names)}");
    }
}
