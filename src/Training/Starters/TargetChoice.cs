using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Starters;

/// <summary>Chooses the column to predict.</summary>
/// <param name="Column">The column's number.</param>
/// <param name="Why">The reason for the choice.</param>
internal readonly record struct TargetChoice(int Column, string Why)
{
    // In this order: in some tables 'class' is an ordinary column beside 'survived'.
    private static readonly string[] Usual =
    [
        "target", "targets", "label", "labels", "tags", "y", "outcome", "response", "survived", "species", "diagnosis", "churn", "churned", "default", "fraud", "is_fraud",
        "class", "category", "result", "income", "salary", "saleprice", "price", "quality", "rating", "sentiment", "medv",
    ];

    /// <summary>The requested column, else the most likely one.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: there is no such column; <see cref="Fault.Data"/>: none can be predicted.</exception>
    public static TargetChoice Of(TableProfile table, string? wanted)
    {
        string[] names = [.. table.Columns.Select(c => c.Name)];
        if (wanted is not null)
        {
            int column = table.Find(wanted) ?? throw new GpuGradException(Fault.Config, $"--target {wanted}: {table.File} has no such column; {Suggestion.For(wanted, names)}");
            string? problem = Problem(table, column);
            return problem is null ? new TargetChoice(column, "as asked for") : throw DataFault.In(table.File, $"the target {DataFault.Quote(names[column])} {problem}", "a column of classes or of numbers");
        }
        foreach (string name in Usual)
        {
            if (table.Named && Array.FindIndex(names, n => n.Equals(name, StringComparison.OrdinalIgnoreCase)) is var at and >= 0 && Problem(table, at) is null)
                return new TargetChoice(at, "by its name");
        }
        string file = Path.GetFileName(table.File).Split('.')[0];
        if (table.Named && Array.FindIndex(names, n => n.Equals(file, StringComparison.OrdinalIgnoreCase)) is var like and >= 0 && Problem(table, like) is null)
            return new TargetChoice(like, "the file is called so");
        for (int i = names.Length - 1; i >= 0; i--)
        {
            if (Problem(table, i) is null && !table.Columns[i].IsBetterIgnored)
                return new TargetChoice(i, i == names.Length - 1 ? "the last column" : "the last column that can be predicted");
        }
        throw DataFault.In(table.File, "no column that could be predicted", "one of classes or of numbers");
    }

    private static string? Problem(TableProfile table, int at)
    {
        ColumnProfile column = table.Columns[at];
        return column switch
        {
            { Type: null } => "has no value in any row",
            { Distinct: 1 } => "is the same in every row",
            { Type: ColumnType.Date } => "holds dates",
            { Type: ColumnType.Text, Lists: null } => FormattableString.Invariant($"holds {column.Distinct:N0} different texts in {table.Rows:N0} rows"),
            _ => null,
        };
    }

    /// <summary>Whether the column's values are classes: texts, booleans, or a few integers that repeat.</summary>
    public static bool IsClass(ColumnProfile column, int rows) => column.Lists is null && IsOneClass(column, rows);

    private static bool IsOneClass(ColumnProfile column, int rows) =>
        column.Type != ColumnType.Number || (column is { IsWhole: true, DistinctIsLeast: false, Distinct: <= 20 } && column.Distinct * 5 <= rows);
}
