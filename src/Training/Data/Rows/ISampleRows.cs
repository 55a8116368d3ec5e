namespace GpuGrad.Training.Data.Rows;

/// <summary>
/// Rows of numbers that are read when they are wanted: samples that lie on disk, because there are more of them than memory. A row
/// gives the same numbers whenever and by whichever thread it is read.
/// </summary>
public interface ISampleRows
{
    int Count { get; }

    /// <summary>Numbers of a row.</summary>
    int Size { get; }

    /// <summary>Whether every number is a byte.</summary>
    bool AreBytes { get; }

    /// <summary>Whether every number is sure to be one of float32.</summary>
    bool AreFloats { get; }

    /// <summary>Reads a row of bytes.</summary>
    /// <param name="row">From 0.</param>
    /// <param name="target">As many as <see cref="Size"/>.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it cannot be read, or not any more.</exception>
    void Read(int row, Span<byte> target);

    /// <summary>Reads a row of numbers, bytes or others.</summary>
    /// <param name="row">From 0.</param>
    /// <param name="target">As many as <see cref="Size"/>.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it cannot be read, or holds what is not a number.</exception>
    void Read(int row, Span<double> target);
}
