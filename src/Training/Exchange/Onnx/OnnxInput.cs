using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using DataType = GpuGrad.Training.Exchange.Onnx.TensorProto.Types.DataType;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>The model's input: the network's input, or a raw sample with the nodes that scale it.</summary>
internal static class OnnxInput
{
    private const string Name = "x";

    // Ratio of mean and deviation above which float32 would blur a raw number by more than 6e-5 of the deviation.
    private const double LargestForFloat = 1000;

    /// <summary>Adds the input and returns the name of the network's input.</summary>
    public static string Add(OnnxGraph graph, FittedInput fitted, bool preprocessing)
    {
        Shape batch = fitted.Shape.Shape.Prepend(1);
        if (!preprocessing)
        {
            graph.Input(Name, DataType.Float, batch, "samples as the network sees them, scaled");
            return Name;
        }
        graph.Scope = "preprocessing";
        OnnxTable? table = fitted.Columns is null ? null : new OnnxTable(graph, fitted.Columns);
        table?.RequireNumbers();
        return fitted.Bytes == true ? Bytes(graph, fitted.Normalization, batch) : Numbers(graph, fitted.Normalization, batch, table);
    }

    private static string Bytes(OnnxGraph graph, Normalization normalization, Shape batch)
    {
        graph.Input(Name, DataType.Uint8, batch, "samples as they are, bytes from 0 to 255");
        string x = Cast(graph, Name, DataType.Float);
        if (IsNone(normalization))
            return x;
        int[] channels = Channels(batch);
        x = graph.Add("Mul", [x, graph.Numbers("preprocessing/scale", DataType.Float, channels, normalization.Scale)]);
        return graph.Add("Add", [x, graph.Numbers("preprocessing/shift", DataType.Float, channels, normalization.Shift)]);
    }

    // The difference of large numbers is computed in double, as in training.
    private static string Numbers(OnnxGraph graph, Normalization normalization, Shape batch, OnnxTable? table)
    {
        DataType type = normalization.Scale.Zip(normalization.Centre).Any(n => Math.Abs(n.First * n.Second) > LargestForFloat) ? DataType.Double : DataType.Float;
        Shape raw = table?.RawShape(batch.WithoutBatch()).Prepend(1) ?? batch;
        graph.Input(Name, type, raw, table is null ? "samples as they are" : "rows of the table's columns as they are, NaN for a missing value");
        string x = table?.Fill(Name, raw, type) ?? Name;
        if (IsNone(normalization))
            return x; // its type is float
        int[] channels = Channels(batch);
        x = type == DataType.Double ? x : Cast(graph, x, DataType.Double);
        x = graph.Add("Sub", [x, graph.Numbers("preprocessing/centre", DataType.Double, channels, normalization.Centre)]);
        x = graph.Add("Mul", [x, graph.Numbers("preprocessing/scale", DataType.Double, channels, normalization.Scale)]);
        return Cast(graph, x, DataType.Float);
    }

    private static string Cast(OnnxGraph graph, string x, DataType type) => graph.Add("Cast", [x], OnnxAttribute.Of("to", (long)type));

    private static bool IsNone(Normalization normalization) => normalization.Scale.All(s => s == 1) && normalization.Centre.All(c => c == 0);

    // One number per channel, or per element of a row.
    private static int[] Channels(Shape batch) => [batch[1], .. Enumerable.Repeat(1, batch.Rank - 2)];
}
