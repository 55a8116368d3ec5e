using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Formats;

/// <summary>A position in a text file, counted from 1; columns in bytes.</summary>
internal readonly record struct TextPlace(long Line, int Column);

/// <summary>A table of numbers with a class or targets per row.</summary>
internal sealed record CsvTable
{
    public required string Name { get; init; }

    /// <summary>Columns of the training table, which may be this one.</summary>
    public required TableColumns Layout { get; init; }

    /// <summary>The line number of each row.</summary>
    public required IReadOnlyList<long> Lines { get; init; }

    public int Rows => Lines.Count;

    /// <summary>Rows × features, or null.</summary>
    public float[]? Values { get; init; }

    /// <summary>Rows × features, if float32 cannot represent some of them; else null.</summary>
    public double[]? Doubles { get; init; }

    /// <summary>Notes for the user about how it was read.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Meaning of the features' numbers.</summary>
    public IReadOnlyList<RawColumn> Columns { get; init; } = [];

    /// <summary>For each row, an index into <see cref="Classes"/>; null when there are targets.</summary>
    public int[]? Labels { get; init; }

    /// <summary>The distinct classes in the order of first occurrence, with that position.</summary>
    public IReadOnlyList<(string Text, TextPlace First)> Classes { get; init; } = [];

    /// <summary>Rows × targets, or null.</summary>
    public float[]? Targets { get; init; }

    /// <summary>
    /// The classes in order: integers by value, each once even if written in several notations; others by code points,
    /// which is the same on every machine.
    /// </summary>
    public IReadOnlyList<string> SortedClasses()
    {
        string[] names = [.. Classes.Select(c => c.Text)];
        // Codes such as 007 stay as they are written, unless one value is written in two ways.
        if (ClassTexts.AreWhole(names) && (ClassTexts.AreNumbers(names) || names.DistinctBy(ClassTexts.Value).Count() < names.Length))
            return [.. names.Select(ClassTexts.Value).Distinct().Order().Select(ClassTexts.NameOf)];
        var values = new Dictionary<decimal, string>();
        foreach ((string text, TextPlace first) in Classes)
        {
            if (ClassTexts.TryWhole(text, out decimal value) && !values.TryAdd(value, text))
                throw DataFault.At(Name, first.Line, first.Column, $"the class {DataFault.Quote(text)} beside {DataFault.Quote(values[value])}, the same number, among classes that are names", "one way to write it");
        }
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    /// <summary>
    /// The table without a full stop after each class, if all have one and none of the training data's has: as in the test file of UCI's adult
    /// data set.
    /// </summary>
    /// <param name="order">The classes of the training data.</param>
    public CsvTable WithoutFullStops(IReadOnlyList<string> order)
    {
        if (Classes.Count == 0 || order.Any(c => c.EndsWith('.')) || !Classes.All(c => c.Text.EndsWith('.') && order.Contains(c.Text[..^1])))
            return this;
        return this with
        {
            Classes = [.. Classes.Select(c => (c.Text[..^1], c.First))],
            Notes = [.. Notes, $"{Name}: a full stop after each class is ignored; the training data have none"],
        };
    }

    /// <summary>The class of each row as an index into the given order.</summary>
    public int[] LabelsIn(IReadOnlyList<string> order)
    {
        bool numbers = ClassTexts.AreNumbers([.. order]);
        var known = order.Select((text, i) => (text, i)).ToDictionary(c => c.text, c => c.i, StringComparer.Ordinal);
        var positions = new int[Classes.Count];
        for (int i = 0; i < positions.Length; i++)
        {
            (string text, TextPlace first) = Classes[i];
            string name = numbers && ClassTexts.TryWhole(text, out decimal value) ? ClassTexts.NameOf(value) : text;
            if (!known.TryGetValue(name, out positions[i]))
                throw DataFault.At(Name, first.Line, first.Column, $"the class {DataFault.Quote(text)}", $"one of those of the training data: {DataFault.Some(order)}");
        }
        return Array.ConvertAll(Labels!, l => positions[l]);
    }

    /// <summary>The rows as samples.</summary>
    /// <param name="shape">Shape with as many numbers as there are features.</param>
    /// <param name="classes">The classes in order; null for no labels.</param>
    public SampleSet ToSamples(Shape shape, IReadOnlyList<string>? classes) => new()
    {
        Shape = shape,
        Count = Rows,
        Reals = Values,
        Doubles = Doubles,
        Columns = Columns,
        Labels = classes is null || Labels is null ? null : LabelsIn(classes),
        Targets = Targets,
        TargetSize = Targets is null ? 0 : Layout.Tags?.Count ?? Layout.Targets.Count,
        Places = new SamplePlaces(Name) { Lines = Lines, Names = [.. Layout.Features.Select(f => Layout.Named ? $"column {DataFault.Quote(f)}" : f)] },
    };
}
