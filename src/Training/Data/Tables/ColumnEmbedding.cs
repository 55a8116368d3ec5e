using System.Globalization;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>A number of a sample that is the id of a category, from 0 on, for which the network learns a vector.</summary>
/// <param name="At">Its place in a sample.</param>
/// <param name="Column">The column that it comes from.</param>
/// <param name="Rows">Ids: the categories of the training part, one for all others and, where values were missing, one for those.</param>
/// <param name="Width">Numbers of a vector.</param>
public sealed record ColumnEmbedding(int At, string Column, int Rows, int Width)
{
    /// <summary>Refuses ids that are none of the column's, as an array made elsewhere may hold.</summary>
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
