using System.Globalization;
using System.Text.Json.Nodes;
using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Cli.Views;

/// <summary>Prints a profile of a table: one line per column, then what looks suspicious.</summary>
public static class TableView
{
    private const int MostColumns = 100, WidestName = 20, WidestValues = 33, ShownClasses = 4;

    public static int Show(TableProfile table, Output output)
    {
        Print(table, output);
        output.Json(ToJson(table));
        return ExitCode.Done;
    }

    public static void Print(TableProfile table, Output output)
    {
        output.Line(Format.Invariant($"{table.File}: {table.Rows:N0} rows, {table.Columns.Count:N0} columns{(table.Named ? "" : ", no names in the first row")}{(table.Encoding == TextEncoding.Latin1 ? ", read as Latin-1 ('encoding: latin1' in a config)" : "")}"));
        output.Line();
        output.Table(["column", "type", "missing", "distinct", "values"], table.Columns.Take(MostColumns).Select(Row), 2, 3);
        if (table.Columns.Count > MostColumns)
            output.Line(Format.Invariant($"… and {table.Columns.Count - MostColumns:N0} more"));
        ColumnProfile[] suspects = [.. table.Columns.Where(c => c.Suspicions.Count > 0)];
        if (suspects.Length > 0)
            output.Line();
        foreach (ColumnProfile column in suspects.Take(MostColumns))
            output.Line($"{column.Name}: {string.Join("; ", column.Suspicions)}{(column.IsBetterIgnored ? " (better ignored)" : "")}");
    }

    private static string[] Row(ColumnProfile column) =>
    [
        Short(column.Name, WidestName),
        TypeOf(column),
        column.Missing == 0 ? "" : Format.Invariant($"{column.Missing:N0}"),
        Format.Invariant($"{column.Distinct:N0}{(column.DistinctIsLeast ? "+" : "")}"),
        Short(Values(column), WidestValues),
    ];

    private static string TypeOf(ColumnProfile column) => column.Type?.ToString().ToLowerInvariant() ?? "empty";

    private static string Values(ColumnProfile column) => column.Type switch
    {
        ColumnType.Number when column.Minimum is not null => Format.Invariant($"{column.Minimum:G5} … {column.Maximum:G5}, mean {column.Mean:G3}"),
        ColumnType.Date => $"{Date(column.Minimum!.Value)} … {Date(column.Maximum!.Value)}",
        ColumnType.Category or ColumnType.Boolean => string.Join(", ", column.Frequent.Take(ShownClasses).Select(c => Format.Invariant($"{c.Key} {c.Value:N0}"))) + (column.Frequent.Count > ShownClasses ? ", …" : ""),
        _ => string.Join(", ", column.Examples),
    };

    private static string Date(double seconds)
    {
        DateTime date = DateTime.UnixEpoch.AddSeconds(seconds);
        return date.ToString(date.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
    }

    private static string Short(string text, int most) => text.Length <= most ? text : text[..(most - 1)] + "…";

    public static JsonObject ToJson(TableProfile table) => new()
    {
        ["file"] = table.File,
        ["rows"] = table.Rows,
        ["named"] = table.Named,
        ["encoding"] = table.Encoding.ToString().ToLowerInvariant(),
        ["columns"] = new JsonArray([.. table.Columns.Select(ToJson)]),
    };

    private static JsonObject ToJson(ColumnProfile column) => new()
    {
        ["name"] = column.Name,
        ["type"] = column.Type is null ? null : TypeOf(column),
        ["missing"] = column.Missing,
        ["distinct"] = column.Distinct,
        ["distinct_is_least"] = column.DistinctIsLeast,
        ["min"] = Edge(column, column.Minimum),
        ["max"] = Edge(column, column.Maximum),
        ["mean"] = column.Type == ColumnType.Number ? column.Mean : null,
        ["std"] = column.Type == ColumnType.Number ? column.Deviation : null,
        ["frequent"] = new JsonObject(column.Frequent.Select(f => KeyValuePair.Create(f.Key, (JsonNode?)f.Value))),
        ["examples"] = new JsonArray([.. column.Examples.Select(e => JsonValue.Create(e))]),
        ["suspicions"] = new JsonArray([.. column.Suspicions.Select(s => JsonValue.Create(s))]),
        ["better_ignored"] = column.IsBetterIgnored,
    };

    private static JsonNode? Edge(ColumnProfile column, double? value) =>
        value is not double v ? null : column.Type == ColumnType.Date ? DateTime.UnixEpoch.AddSeconds(v).ToString("s", CultureInfo.InvariantCulture) : v;
}
