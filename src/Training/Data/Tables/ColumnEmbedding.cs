using System.Globalization;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>An input that is the id of a category, from 0, for which the network learns a vector.</summary>
/// <param name="At">Its index in a sample.</param>
/// <param name="Column">Its column.</param>
/// <param name="Rows">Number of ids: the categories of the training part, one for all others and, if values were missing, one for those.</param>
/// <param name="Width">Width of the vectors.</param>
public sealed record ColumnEmbedding(int At, string Column, int Rows, int Width)
{
    /// <summary>Refuses ids out of range, which an array made elsewhere may contain.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>, with the sample.</exception>
    internal void Check(SampleSet samples)
    {
        int size = samples.Shape.Count;
        for (int i = 0; i < samples.Count; i++)
        {
            double id = samples[((long)i * size) + At];
            if (!(id >= 0 && id < Rows && id == Math.Floor(id)))
                throw DataFault.In(samples.PlaceOf(i), string.Create(CultureInfo.InvariantCulture, $"{id} in {SamplePlaces.Numbered(At)}"), $"a whole number from 0 to {Rows - 1}, a category of column {DataFault.Quote(Column)}");
        }
    }
}
