using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using DataType = GpuGrad.Training.Exchange.Onnx.TensorProto.Types.DataType;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>The model's input: what the network sees, or a raw sample with the nodes that scale it.</summary>
internal static class OnnxInput
{
    private const string Name = "x";

    // Mean over deviation from which float32 would blur a raw number by more than 6e-5 of the deviation.
    private const double LargestForFloat = 1000;

    /// <summary>Adds it; gives the name of what goes into the network.</summary>
    public static string Add(OnnxGraph graph, FittedInput fitted, bool preprocessing)
    {
        Shape batch = fitted.Shape.Shape.Prepend(1);
        if (!preprocessing)
        {
            graph.Input(Name, DataType.Float, batch, "samples as the network sees them, scaled");
            return Name;
        }
        graph.Scope = "preprocessing";
        return fitted.Bytes == true ? Bytes(graph, fitted.Normalization, batch) : Numbers(graph, fitted.Normalization, batch);
    }

    private static string Bytes(OnnxGraph graph, Normalization normalization, Shape batch)
    {
        graph.Input(Name, DataType.Uint8, batch, "samples as they are, bytes from 0 to 255");
        string x = Cast(graph, Name, DataType.Float);
        if (IsNone(normalization))
            return x;
        int[] channels = Channels(batch);
        x = graph.Add("Mul", [x, graph.Floats("preprocessing/scale", channels, normalization.Scale)]);
        return graph.Add("Add", [x, graph.Floats("preprocessing/shift", channels, normalization.Shift)]);
    }

    // The difference of large numbers is taken in double, as in training.
    private static string Numbers(OnnxGraph graph, Normalization normalization, Shape batch)
    {
        bool fine = normalization.Scale.Zip(normalization.Centre).Any(n => Math.Abs(n.First * n.Second) > LargestForFloat);
        graph.Input(Name, fine ? DataType.Double : DataType.Float, batch, "samples as they are");
        if (IsNone(normalization))
            return Name;
        int[] channels = Channels(batch);
        string x = fine ? Name : Cast(graph, Name, DataType.Double);
        x = graph.Add("Sub", [x, graph.Doubles("preprocessing/centre", channels, normalization.Centre)]);
        x = graph.Add("Mul", [x, graph.Doubles("preprocessing/scale", channels, normalization.Scale)]);
        return Cast(graph, x, DataType.Float);
    }

    private static string Cast(OnnxGraph graph, string x, DataType type) => graph.Add("Cast", [x], OnnxAttribute.Of("to", (long)type));

    private static bool IsNone(Normalization normalization) => normalization.Scale.All(s => s == 1) && normalization.Centre.All(c => c == 0);

    // A number for each channel, or for each number of a row.
    private static int[] Channels(Shape batch) => [batch[1], .. Enumerable.Repeat(1, batch.Rank - 2)];
}
