namespace GpuGrad.Training.Data.Tables;

/// <summary>
/// A column as it was read. Its numbers are in the samples: a category as its index among the texts, a date in seconds since 1970, a
/// boolean as 0 or 1, a missing value as NaN.
/// </summary>
/// <param name="Name">Name of the column.</param>
/// <param name="Type">Type of the column.</param>
/// <param name="Texts">The distinct texts of a category, in order of occurrence; null for other types.</param>
/// <param name="Missing">Number of missing values in the file.</param>
public sealed record RawColumn(string Name, ColumnType Type, IReadOnlyList<string>? Texts, int Missing)
{
    /// <summary>Whether its numbers are used as inputs unchanged.</summary>
    internal bool IsPlain => Type == ColumnType.Number && Missing == 0;
}
