namespace GpuGrad.Training.Data.Rows;

/// <summary>
/// Rows of numbers that are read on request: samples on disk that may exceed memory. A row
/// gives the same numbers at any time and on any thread.
/// </summary>
public interface ISampleRows
{
    int Count { get; }

    /// <summary>Values per row.</summary>
    int Size { get; }

    /// <summary>Whether every number is a byte.</summary>
    bool AreBytes { get; }

    /// <summary>Whether every number is known to be exact in float32.</summary>
    bool AreFloats { get; }

    /// <summary>Reads a row of bytes.</summary>
    /// <param name="row">Index of the row.</param>
    /// <param name="target">Filled with <see cref="Size"/> bytes.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it cannot be read, or no longer.</exception>
    void Read(int row, Span<byte> target);

    /// <summary>Reads a row of numbers, bytes or others.</summary>
    /// <param name="row">Index of the row.</param>
    /// <param name="target">Filled with <see cref="Size"/> values.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it cannot be read, or holds a value that is not a number.</exception>
    void Read(int row, Span<double> target);
}
