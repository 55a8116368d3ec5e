namespace GpuGrad.Training.Data.Rows;

/// <summary>Samples in memory, read row by row like those on disk, because they are augmented on the host before each step.</summary>
/// <param name="samples">Samples in memory.</param>
internal sealed class HeldRows(SampleSet samples) : ISampleRows
{
    public int Count => samples.Count;

    public int Size => samples.Shape.Count;

    public bool AreBytes => samples.AreBytes;

    public bool AreFloats => samples.Doubles is null;

    public void Read(int row, Span<byte> target) => samples.ReadBytes(row, target);

    public void Read(int row, Span<double> target) => samples.Read((long)row * Size, target);
}
