using Google.Protobuf;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>An input or output of a model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">float32, float64 or uint8.</param>
/// <param name="Shape">Shape without the first axis, which has any size.</param>
/// <param name="Meaning">Description.</param>
public sealed record OnnxValue(string Name, string Type, IReadOnlyList<int> Shape, string Meaning)
{
    internal static OnnxValue Of(ValueInfoProto value) => new(
        value.Name,
        (TensorProto.Types.DataType)value.Type.TensorType.ElemType switch { TensorProto.Types.DataType.Uint8 => "uint8", TensorProto.Types.DataType.Double => "float64", _ => "float32" },
        [.. value.Type.TensorType.Shape.Dim.Skip(1).Select(d => (int)d.DimValue)],
        value.DocString);

    public override string ToString() => $"{Name} {Type} [{string.Join(", ", Shape.Select(s => s.ToString(System.Globalization.CultureInfo.InvariantCulture)).Prepend("N"))}] ({Meaning})";
}

/// <summary>Summary of the written file.</summary>
public sealed record OnnxSummary(int Nodes, OnnxValue Input, IReadOnlyList<OnnxValue> Outputs);

/// <summary>Writes trained networks as ONNX files.</summary>
public static class OnnxFile
{
    /// <param name="path">The file; replaced atomically.</param>
    /// <param name="trained">The network.</param>
    /// <param name="options">Export options.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: the network cannot be exported with these options, or is too large.</exception>
    public static OnnxSummary Save(string path, TrainedModel trained, OnnxOptions options)
    {
        OnnxModel.RequireRoom(trained.Network);
        using var device = new CpuDevice(1);
        using var model = new Model(trained.Config, trained.Network, device);
        trained.Load(model);
        var metadata = new Dictionary<string, string>(trained.Card.ToMetadata());
        metadata.Remove("format"); // it is for readers of safetensors files
        ModelProto proto = OnnxModel.Of(trained.Config, trained.Card.Input, (p, values) => model.Read(p, 0, values, average: true), options, metadata);
        DurableFile.Write(path, stream => proto.WriteTo(stream), proto.CalculateSize());
        return new OnnxSummary(proto.Graph.Node.Count, OnnxValue.Of(proto.Graph.Input[0]), [.. proto.Graph.Output.Select(OnnxValue.Of)]);
    }
}
