using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Reads the rows of a table as texts, one after the other.</summary>
internal interface ITableRows : IDisposable
{
    /// <summary>The file, for messages.</summary>
    string Name { get; }

    /// <summary>Number of cells in the current row.</summary>
    int Count { get; }

    /// <summary>Line of the current row, from 1.</summary>
    long Line { get; }

    /// <summary>Column names if the format stores them separately; null if the first row may hold them.</summary>
    IReadOnlyList<string>? Names { get; }

    /// <summary>Moves to the next row; false at the end.</summary>
    /// <exception cref="GpuGradException">The file is broken; the message has the place.</exception>
    bool Read();

    /// <summary>A cell of the current row in UTF-8, empty if it is missing.</summary>
    ReadOnlySpan<byte> Cell(int column);

    TextPlace PlaceOf(int column);

    /// <summary>A cell of the current row as JSON, <c>null</c> if it is missing; null if the format doesn't distinguish numbers and texts.</summary>
    string? Json(int column) => null;
}
