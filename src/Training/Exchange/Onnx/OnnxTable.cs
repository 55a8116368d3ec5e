using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Tables;
using DataType = GpuGrad.Training.Exchange.Onnx.TensorProto.Types.DataType;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>A raw row of a table as model input: one number per column, NaN if missing; missing values are filled as fitted in training.</summary>
/// <param name="graph">The ONNX graph.</param>
/// <param name="columns">The columns of the training table.</param>
internal sealed class OnnxTable(OnnxGraph graph, TableColumns columns)
{
    private readonly TableColumn[] features = [.. columns.Columns.Where(c => c.Role == ColumnRole.Feature)];

    /// <summary>The shape of a raw sample, for a network that takes <paramref name="sample"/>.</summary>
    public Shape RawShape(Shape sample) => columns.Width == features.Length ? sample : new Shape(features.Length);

    /// <summary>Refuses columns whose values are not numbers, and samples of several rows.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>.</exception>
    public void RequireNumbers()
    {
        if (columns.Window is not null)
            throw new GpuGradException(Fault.Config, "--with-preprocessing: samples are windows over several rows, which an .onnx model does not make; leave it out and feed windows as 'predict' makes them");
        if (features.FirstOrDefault(f => f.Fit is { Type: not (ColumnType.Number or ColumnType.Boolean) } or { Edges: not null }) is { } column)
            throw new GpuGradException(Fault.Config, $"--with-preprocessing: column {DataFault.Quote(column.Name)} holds {Kind(column.Fit!)}, and an .onnx model of GpuGrad takes numbers only; export without --with-preprocessing and feed the {columns.Width} scaled numbers a row whose order 'export' prints (docs/onnx.md)");
    }

    private static string Kind(ColumnFit fit) => fit.Type == ColumnType.Date ? "dates" : fit.Edges is not null ? "numbers in bins" : "categories";

    /// <summary>Adds the nodes and returns the name of the encoded sample.</summary>
    public string Fill(string x, Shape raw, DataType type)
    {
        double[] fills = [.. features.Select(f => f.Fit is { Missing: not MissingStrategy.Refuse, Fill: [double fill, ..] } ? fill : double.NaN)];
        int[] flagged = [.. Enumerable.Range(0, features.Length).Where(i => features[i].Fit?.Indicator == true)];
        if (fills.All(double.IsNaN))
            return x;
        string missing = graph.Add("IsNaN", [x]);
        string filled = graph.Add("Where", [missing, graph.Numbers("preprocessing/fill", type, raw.Sizes[1..], fills), x]);
        if (flagged.Length == 0)
            return filled;
        // All values, then all flags; then each flag after its value.
        string both = graph.Add("Concat", [filled, graph.Add("Cast", [missing], OnnxAttribute.Of("to", (long)type))], OnnxAttribute.Of("axis", 1));
        long[] order = [.. Enumerable.Range(0, features.Length).SelectMany(i => flagged.Contains(i) ? new long[] { i, features.Length + i } : [i])];
        return graph.Add("Gather", [both, graph.Indices("preprocessing/order", order)], OnnxAttribute.Of("axis", 1));
    }
}
