using System.Globalization;
using System.Runtime.InteropServices;
using GpuGrad.Training.Runs.Storage;
using DataType = GpuGrad.Training.Exchange.Onnx.TensorProto.Types.DataType;

namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>A constant of a model: weights, or settings that a node takes as an input.</summary>
/// <param name="name">Its name, for messages.</param>
/// <param name="proto">The tensor in the file.</param>
/// <param name="dims">Its shape, if it differs from the file's.</param>
internal sealed class OnnxTensor(string name, TensorProto proto, IReadOnlyList<long>? dims = null)
{
    public string Name => name;

    public IReadOnlyList<long> Dims => dims ?? proto.Dims;

    /// <summary>Number of elements in its shape.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: more than an array can hold.</exception>
    public int Count
    {
        get
        {
            long count = 1;
            foreach (long size in Dims)
            {
                if (size < 0 || (size > 0 && count > Array.MaxLength / size))
                    throw OnnxFault.Of($"tensor '{name}' has shape [{string.Join(", ", Dims)}]", "sizes that are not negative, of at most 2³¹ numbers together");
                count *= size;
            }
            return (int)count;
        }
    }

    /// <summary>The same values in another shape.</summary>
    public OnnxTensor With(IReadOnlyList<long> shape) => new(name, proto, shape);

    /// <summary>The transposed matrix.</summary>
    public OnnxTensor Transposed()
    {
        (int rows, int columns) = ((int)Dims[0], (int)Dims[1]);
        float[] values = Floats();
        var turned = new TensorProto { DataType = (int)DataType.Float, Dims = { columns, rows } };
        for (int j = 0; j < columns; j++)
        {
            for (int i = 0; i < rows; i++)
                turned.FloatData.Add(values[(i * columns) + j]);
        }
        return new OnnxTensor(name, turned);
    }

    /// <summary>The single value; null if there are several different ones.</summary>
    public double? Single
    {
        get
        {
            if (Count is 0 or > 1 << 16)
                return null;
            float[] all = Floats();
            return Array.TrueForAll(all, v => v == all[0]) ? all[0] : null;
        }
    }

    /// <summary>The values as floats.</summary>
    public float[] Floats() => Checked((DataType)proto.DataType switch
    {
        DataType.Float => proto.RawData.Length > 0 ? Raw<float>().ToArray() : [.. proto.FloatData],
        DataType.Double => [.. (proto.RawData.Length > 0 ? Raw<double>().ToArray() : proto.DoubleData.AsEnumerable()).Select(v => (float)v)],
        DataType.Float16 => proto.RawData.Length > 0 ? [.. Raw<Half>().ToArray().Select(v => (float)v)] : [.. proto.Int32Data.Select(v => (float)BitConverter.UInt16BitsToHalf((ushort)v))],
        DataType.Bfloat16 => [.. (proto.RawData.Length > 0 ? Raw<ushort>().ToArray().Select(v => (int)v) : proto.Int32Data).Select(v => BitConverter.Int32BitsToSingle(v << 16))],
        _ => Array.ConvertAll(Longs(), v => (float)v),
    });

    /// <summary>The values as integers.</summary>
    public long[] Longs() => Checked((DataType)proto.DataType switch
    {
        DataType.Int64 => proto.RawData.Length > 0 ? Raw<long>().ToArray() : [.. proto.Int64Data],
        DataType.Int32 => [.. (proto.RawData.Length > 0 ? Raw<int>().ToArray() : proto.Int32Data.AsEnumerable()).Select(v => (long)v)],
        DataType.Uint8 or DataType.Bool => [.. proto.RawData.Length > 0 ? Raw<byte>().ToArray().Select(v => (long)v) : proto.Int32Data.Select(v => (long)v)],
        DataType.Int8 => [.. proto.RawData.Length > 0 ? Raw<sbyte>().ToArray().Select(v => (long)v) : proto.Int32Data.Select(v => (long)v)],
        DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16 => Array.ConvertAll(Floats(), v => (long)v),
        _ => throw OnnxFault.Of(string.Create(CultureInfo.InvariantCulture, $"tensor '{name}' has type {proto.DataType}"), "numbers: float, float16, bfloat16, double or integers"),
    });

    // Little-endian, as on every machine that .NET supports.
    private ReadOnlySpan<T> Raw<T>() where T : unmanaged => MemoryMarshal.Cast<byte, T>(proto.RawData.Span);

    private T[] Checked<T>(T[] values)
    {
        if (proto.DataLocation == TensorProto.Types.DataLocation.External)
            throw OnnxFault.Of($"the numbers of '{name}' are in another file", "a model in one file; save it without external data");
        return values.Length == Count
            ? values
            : throw OnnxFault.Of(string.Create(CultureInfo.InvariantCulture, $"tensor '{name}' of shape [{string.Join(", ", Dims)}] has {values.Length} numbers"), string.Create(CultureInfo.InvariantCulture, $"{Count}; the file is damaged"));
    }
}

/// <summary>Errors and unsupported features of an ONNX model.</summary>
internal static class OnnxFault
{
    public static GpuGradException Of(string found, string expected) => new(Fault.Data, $"{OneLine.Of(found)}; expected {expected}");

    public static GpuGradException In(NodeProto node, string found, string expected) => Of($"node '{Name(node)}' ({OneLine.Of(node.OpType, 40)}): {found}", expected);

    private static string Name(NodeProto node) => OneLine.Of(node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault() ?? "", 80);
}
