namespace GpuGrad.Training.Data.Rows;

/// <summary>A selection of rows in a given order: the part of a split.</summary>
internal sealed class PickedRows : ISampleRows
{
    private readonly ISampleRows rows;
    private readonly int[] positions;

    public PickedRows(ISampleRows rows, ReadOnlySpan<int> positions)
    {
        // A selection from a selection is flattened.
        if (rows is PickedRows picked)
        {
            this.rows = picked.rows;
            this.positions = new int[positions.Length];
            for (int i = 0; i < positions.Length; i++)
                this.positions[i] = picked.positions[positions[i]];
            return;
        }
        this.rows = rows;
        this.positions = positions.ToArray();
    }

    public int Count => positions.Length;

    public int Size => rows.Size;

    public bool AreBytes => rows.AreBytes;

    public bool AreFloats => rows.AreFloats;

    public void Read(int row, Span<byte> target) => rows.Read(positions[row], target);

    public void Read(int row, Span<double> target) => rows.Read(positions[row], target);
}
