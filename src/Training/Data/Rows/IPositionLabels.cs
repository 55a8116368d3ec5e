namespace GpuGrad.Training.Data.Rows;

/// <summary>A class per position of a sequence, read on request.</summary>
public interface IPositionLabels
{
    /// <summary>Reads the classes of a sample's positions, -1 if unknown.</summary>
    /// <param name="row">Index of the sample.</param>
    /// <param name="labels">Filled, one per position.</param>
    void ReadLabels(int row, Span<int> labels);

    /// <summary>Adds the number of occurrences of each class.</summary>
    void AddCounts(long[] counts);
}

/// <summary>Position labels of some samples, in a given order.</summary>
internal sealed class PickedLabels : IPositionLabels
{
    private readonly IPositionLabels labels;
    private readonly int[] positions;

    public PickedLabels(IPositionLabels labels, ReadOnlySpan<int> positions)
    {
        this.labels = labels;
        this.positions = positions.ToArray();
    }

    public void ReadLabels(int row, Span<int> target) => labels.ReadLabels(positions[row], target);

    public void AddCounts(long[] counts) => labels.AddCounts(counts);
}
