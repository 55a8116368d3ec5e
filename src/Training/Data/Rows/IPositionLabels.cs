namespace GpuGrad.Training.Data.Rows;

/// <summary>A class for each position of a sequence, read when it is wanted.</summary>
public interface IPositionLabels
{
    /// <summary>Reads the classes of a sample's positions, -1 where none is known.</summary>
    /// <param name="row">From 0.</param>
    /// <param name="labels">As many as a sample has positions.</param>
    void ReadLabels(int row, Span<int> labels);

    /// <summary>Adds how often each class occurs.</summary>
    void AddCounts(long[] counts);
}

/// <summary>Those of some samples, in an order of their own.</summary>
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
