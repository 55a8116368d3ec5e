namespace GpuGrad.Training.Data.Tables;

/// <summary>
/// A column as it was read. Its numbers stand in the samples: a category as its place among the texts, a date in seconds since 1970, a
/// truth value as 0 or 1, a missing value as NaN.
/// </summary>
/// <param name="Name">Of the column.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Texts">The different texts of a category, in the order in which they occur; null for other types.</param>
/// <param name="Missing">How many values are missing in the file.</param>
public sealed record RawColumn(string Name, ColumnType Type, IReadOnlyList<string>? Texts, int Missing)
{
    /// <summary>Whether its numbers are what the network gets.</summary>
    internal bool IsPlain => Type == ColumnType.Number && Missing == 0;
}
