using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Inputs;

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

    /// <summary>The columns of the training table where another is read, instead of the three above.</summary>
    public TableColumns? Layout { get; init; }

    /// <summary>Whether another table must have the label or targets.</summary>
    public bool Answers { get; init; } = true;

    /// <summary>A tab for files that are named so; null for others.</summary>
    public static char? SeparatorOf(string? path) =>
        path is not null && (path.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".tab", StringComparison.OrdinalIgnoreCase)) ? '\t' : null;

    public const string DefaultLabel = "label";
}

/// <summary>A place in a text file, counted from 1; columns in bytes.</summary>
internal readonly record struct TextPlace(long Line, int Column);

/// <summary>A table of numbers with a class or with target numbers a row.</summary>
internal sealed record CsvTable
{
    public required string Name { get; init; }

    /// <summary>The columns of the training table; those of this one if it is.</summary>
    public required TableColumns Layout { get; init; }

    /// <summary>The line of each row.</summary>
    public required IReadOnlyList<long> Lines { get; init; }

    public int Rows => Lines.Count;

    /// <summary>Rows × features, or null.</summary>
    public float[]? Values { get; init; }

    /// <summary>Rows × features where float32 cannot hold each, or null.</summary>
    public double[]? Doubles { get; init; }

    /// <summary>What the user should know of how it was read; null for nothing.</summary>
    public string? Note { get; init; }

    /// <summary>For each row, an index into <see cref="Classes"/>; null when there are targets.</summary>
    public int[]? Labels { get; init; }

    /// <summary>The different classes in the order in which they first occur, and where that is.</summary>
    public IReadOnlyList<(string Text, TextPlace First)> Classes { get; init; } = [];

    /// <summary>Rows × targets, or null.</summary>
    public float[]? Targets { get; init; }

    /// <summary>
    /// The classes in their order: whole numbers by value, each once however it is written; others by the numbers of their
    /// characters, which is the same on every machine.
    /// </summary>
    public IReadOnlyList<string> SortedClasses()
    {
        string[] names = [.. Classes.Select(c => c.Text)];
        if (ClassTexts.AreWhole(names))
            return [.. names.Select(Value).Distinct().Order().Select(ClassTexts.NameOf)];
        var values = new Dictionary<decimal, string>();
        foreach ((string text, TextPlace first) in Classes)
        {
            if (ClassTexts.TryWhole(text, out decimal value) && !values.TryAdd(value, text))
                throw DataFault.At(Name, first.Line, first.Column, $"the class {DataFault.Quote(text)} beside {DataFault.Quote(values[value])}, the same number, among classes that are names", "one way to write it");
        }
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    /// <summary>The class of each row as a position in the given order.</summary>
    public int[] LabelsIn(IReadOnlyList<string> order)
    {
        bool numbers = ClassTexts.AreWhole(order);
        var known = order.Select((text, i) => (text, i)).ToDictionary(c => c.text, c => c.i, StringComparer.Ordinal);
        var positions = new int[Classes.Count];
        for (int i = 0; i < positions.Length; i++)
        {
            (string text, TextPlace first) = Classes[i];
            string name = numbers && ClassTexts.TryWhole(text, out decimal value) ? ClassTexts.NameOf(value) : text;
            if (!known.TryGetValue(name, out positions[i]))
                throw DataFault.At(Name, first.Line, first.Column, $"the class {DataFault.Quote(text)}", "one that the training data has");
        }
        return Array.ConvertAll(Labels!, l => positions[l]);
    }

    /// <summary>The rows as samples.</summary>
    /// <param name="shape">Of as many numbers as there are features.</param>
    /// <param name="classes">The classes in their order; null for no labels.</param>
    public SampleSet ToSamples(Shape shape, IReadOnlyList<string>? classes) => new()
    {
        Shape = shape,
        Count = Rows,
        Reals = Values,
        Doubles = Doubles,
        Labels = classes is null || Labels is null ? null : LabelsIn(classes),
        Targets = Targets,
        TargetSize = Targets is null ? 0 : Layout.Targets.Count,
        Places = new SamplePlaces(Name) { Lines = Lines, Names = [.. Layout.Features.Select(f => Layout.Named ? $"column {DataFault.Quote(f)}" : f)] },
    };

    private static decimal Value(string text) => ClassTexts.TryWhole(text, out decimal value) ? value : 0;
}
