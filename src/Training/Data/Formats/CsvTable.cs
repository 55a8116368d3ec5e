namespace GpuGrad.Training.Data.Formats;

/// <summary>How the columns of a table are to be read.</summary>
internal sealed record CsvOptions
{
    /// <summary>What stands between columns; null to find out from the first lines: comma, semicolon, tab or bar.</summary>
    public char? Separator { get; init; }

    /// <summary>Whether the first row names the columns; null when it does if none of it is a number.</summary>
    public bool? Header { get; init; }

    /// <summary>The column of classes, by name or number; null for the one named 'label', else the last.</summary>
    public string? Label { get; init; }

    /// <summary>The columns of numbers to predict; then there is no class.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>Columns that are not read.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];
}

/// <summary>A place in a text file, counted from 1; columns in bytes.</summary>
internal readonly record struct TextPlace(long Line, int Column);

/// <summary>A table of numbers with a class or with target numbers a row.</summary>
internal sealed record CsvTable
{
    public required string Name { get; init; }

    public required int Rows { get; init; }

    /// <summary>Names of the columns in <see cref="Values"/>; "column 3" in a file without names.</summary>
    public required IReadOnlyList<string> Features { get; init; }

    /// <summary>Rows × Features.</summary>
    public required float[] Values { get; init; }

    /// <summary>For each row, an index into <see cref="Classes"/>; null when there are targets.</summary>
    public int[]? Labels { get; init; }

    /// <summary>The different classes in the order in which they first occur, and where that is.</summary>
    public IReadOnlyList<(string Text, TextPlace First)> Classes { get; init; } = [];

    public required IReadOnlyList<string> TargetNames { get; init; }

    /// <summary>Rows × TargetNames.</summary>
    public float[]? Targets { get; init; }

    /// <summary>
    /// The classes in their order: by value when all are whole numbers, else by the numbers of their characters, which is the
    /// same on every machine.
    /// </summary>
    public IReadOnlyList<string> SortedClasses()
    {
        string[] names = [.. Classes.Select(c => c.Text)];
        bool numbers = names.All(n => long.TryParse(n, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out _));
        if (numbers)
            return [.. names.OrderBy(n => long.Parse(n, System.Globalization.CultureInfo.InvariantCulture)).ThenBy(n => n, StringComparer.Ordinal)];
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    /// <summary>The class of each row as a position in the given order.</summary>
    public int[] LabelsIn(IReadOnlyList<string> order)
    {
        var known = order.Select((text, i) => (text, i)).ToDictionary(c => c.text, c => c.i, StringComparer.Ordinal);
        var positions = new int[Classes.Count];
        for (int i = 0; i < positions.Length; i++)
        {
            if (!known.TryGetValue(Classes[i].Text, out positions[i]))
                throw DataFault.At(Name, Classes[i].First.Line, Classes[i].First.Column, $"the class {DataFault.Quote(Classes[i].Text)}", "one that the training data has");
        }
        return Array.ConvertAll(Labels!, l => positions[l]);
    }
}
