using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Distinguishes numeric target columns from boolean ones; a column must not be both.</summary>
internal sealed class TargetCells
{
    private readonly HashSet<int> numbers = [], truths = [];

    /// <summary>Records a number; false if the column holds booleans as text.</summary>
    public bool Number(int column, double value)
    {
        if (value is 0 or 1)
            return true;
        numbers.Add(column);
        return !truths.Contains(column);
    }

    /// <summary>1 for yes or true, 0 for no or false; null for other texts, and if the column holds other numbers.</summary>
    public double? TruthValue(int column, string text)
    {
        if (numbers.Contains(column) || CellTexts.Boolean(text) is not bool yes)
            return null;
        truths.Add(column);
        return yes ? 1 : 0;
    }
}
