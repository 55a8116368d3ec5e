using GpuGrad.Cli.Terminal;

namespace GpuGrad.Cli.Views;

/// <summary>Prints a confusion matrix: all of it if it fits a screen, else the pairs of classes that are confused most often.</summary>
internal static class ConfusionView
{
    private const int MostClasses = 12, MostPairs = 10, MostName = 12;

    /// <param name="output">Receives the table.</param>
    /// <param name="confusion">Row: the true class, column: the predicted one.</param>
    /// <param name="names">Names of the classes; null for their numbers.</param>
    public static void Show(Output output, long[,] confusion, IReadOnlyList<string>? names)
    {
        output.Line();
        if (confusion.GetLength(0) <= MostClasses)
            ShowMatrix(output, confusion, names);
        else
            ShowPairs(output, confusion, names);
    }

    /// <summary>A class in words: its name, or its number.</summary>
    public static string Name(IReadOnlyList<string>? names, int index) => names?.ElementAtOrDefault(index) ?? Format.Invariant($"{index}");

    private static void ShowMatrix(Output output, long[,] confusion, IReadOnlyList<string>? names)
    {
        int[] classes = [.. Enumerable.Range(0, confusion.GetLength(0))];
        output.Table(
            ["true \\ predicted", .. classes.Select(c => Short(Name(names, c)))],
            classes.Select(r => (string[])[Name(names, r), .. classes.Select(c => confusion[r, c] == 0 ? "·" : Format.Invariant($"{confusion[r, c]:N0}"))]),
            [.. classes.Select(c => c + 1)]);
    }

    private static void ShowPairs(Output output, long[,] confusion, IReadOnlyList<string>? names)
    {
        int count = confusion.GetLength(0);
        var pairs = (from r in Enumerable.Range(0, count)
                     from c in Enumerable.Range(0, count)
                     where r != c && confusion[r, c] > 0
                     orderby confusion[r, c] descending, r, c
                     select (Is: r, Predicted: c, Samples: confusion[r, c])).ToList();
        if (pairs.Count == 0)
            return;
        output.Table(
            ["true class", "predicted", "samples", "% of the class"],
            pairs.Take(MostPairs).Select(p => new[] { Name(names, p.Is), Name(names, p.Predicted), Format.Invariant($"{p.Samples:N0}"), Format.Percent((double)p.Samples / Enumerable.Range(0, count).Sum(c => confusion[p.Is, c])) }),
            2, 3);
        if (pairs.Count > MostPairs)
            output.Line(Format.Invariant($"{pairs.Count - MostPairs:N0} more pairs; --json has the whole matrix"));
    }

    private static string Short(string name) => name.Length <= MostName ? name : name[..(MostName - 1)] + "…";
}
