using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>The rows of a table, one after the other, as texts.</summary>
internal interface ITableRows : IDisposable
{
    /// <summary>The file, for messages.</summary>
    string Name { get; }

    /// <summary>Cells of the current row.</summary>
    int Count { get; }

    /// <summary>Line of the current row, from 1.</summary>
    long Line { get; }

    /// <summary>Names of the columns where the format has them apart from the rows; null where the first row may hold them.</summary>
    IReadOnlyList<string>? Names { get; }

    /// <summary>Goes to the next row; false behind the last.</summary>
    /// <exception cref="GpuGradException">The file is broken, with the place.</exception>
    bool Read();

    /// <summary>A cell of the current row in UTF-8, empty where it is missing.</summary>
    ReadOnlySpan<byte> Cell(int column);

    TextPlace PlaceOf(int column);

    /// <summary>A cell of the current row as JSON, <c>null</c> where it is missing; null where the format doesn't say whether a cell is a number or a text.</summary>
    string? Json(int column) => null;
}
