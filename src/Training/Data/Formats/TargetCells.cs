using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Tells columns of numbers to predict from columns of truth values, of which both are targets but not in one column.</summary>
internal sealed class TargetCells
{
    private readonly HashSet<int> numbers = [], truths = [];

    /// <summary>Notes a number; false where the column holds truth values as texts.</summary>
    public bool Number(int column, double value)
    {
        if (value is 0 or 1)
            return true;
        numbers.Add(column);
        return !truths.Contains(column);
    }

    /// <summary>1 for yes or true, 0 for no or false; null for other texts, and where the column holds other numbers.</summary>
    public double? TruthValue(int column, string text)
    {
        if (numbers.Contains(column) || CellTexts.Boolean(text) is not bool yes)
            return null;
        truths.Add(column);
        return yes ? 1 : 0;
    }
}
