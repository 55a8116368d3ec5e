using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>Fills a span with the values of a parameter.</summary>
public delegate void WeightReader(Parameter parameter, Span<float> values);

/// <summary>An ONNX graph under construction: nodes in an order in which they can run, weights and constants. Values are identified by names.</summary>
/// <param name="opset">Version of ONNX's operator set.</param>
/// <param name="weights">Reads a parameter's values.</param>
internal sealed class OnnxGraph(int opset, WeightReader weights)
{
    /// <summary>The limit of a protobuf message, less room for everything but tensors.</summary>
    private const long MostBytes = int.MaxValue - (32L << 20);

    private readonly GraphProto graph = new() { Name = "network" };
    private readonly Dictionary<(Parameter, Shape), string> initializers = [];
    private readonly Dictionary<string, int> taken = [];
    private long bytes;

    public int Opset { get; } = opset;

    /// <summary>The layer that nodes added from now on belong to.</summary>
    public string Scope { get; set; } = "";

    /// <summary>Refuses more weights than one file can hold.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>.</exception>
    public static void RequireRoom(long bytes)
    {
        if (bytes > MostBytes)
            throw new GpuGradException(Fault.Config, string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB of weights; an .onnx file holds at most 2 GB (protobuf's limit); expected a smaller network, or an --out that ends in .safetensors"));
    }

    /// <summary>Appends a node with one output and returns the output's name.</summary>
    public string Add(string op, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        string name = Unique(Scope.Length > 0 ? $"{Scope}/{op}" : op);
        var node = new NodeProto { Name = name, OpType = op, Output = { name } };
        foreach (string input in inputs)
            node.Input.Add(input);
        foreach (AttributeProto attribute in attributes)
            node.Attribute.Add(attribute);
        graph.Node.Add(node);
        return name;
    }

    /// <summary>Gives a value the name of a model output.</summary>
    public void Output(string value, string name, Shape shape, string meaning)
    {
        NodeProto? producer = graph.Node.FirstOrDefault(n => n.Output[0] == value);
        if (producer is null || graph.Output.Any(o => o.Name == value))
        {
            value = Add("Identity", [value]);
            producer = graph.Node[^1];
        }
        foreach (NodeProto node in graph.Node)
            Rename(node.Input, value, name);
        Rename(producer.Output, value, name);
        graph.Output.Add(Value(name, TensorProto.Types.DataType.Float, shape, meaning));
    }

    public void Input(string name, TensorProto.Types.DataType type, Shape shape, string meaning) => graph.Input.Add(Value(name, type, shape, meaning));

    /// <summary>A parameter in the given shape.</summary>
    public string Weight(Parameter parameter, Shape shape)
    {
        if (initializers.TryGetValue((parameter, shape), out string? name))
            return name;
        byte[] raw = Room(shape.Length * sizeof(float));
        weights(parameter, MemoryMarshal.Cast<byte, float>(raw.AsSpan()));
        return initializers[(parameter, shape)] = Tensor(parameter.Name, TensorProto.Types.DataType.Float, shape.Sizes, raw);
    }

    /// <summary>A scalar constant.</summary>
    public string Constant(double value) => Constant(value, []);

    /// <summary>A constant with one value in the given shape.</summary>
    public string Constant(double value, ReadOnlySpan<int> sizes)
    {
        byte[] raw = Room(sizeof(float) * Count(sizes));
        MemoryMarshal.Cast<byte, float>(raw.AsSpan()).Fill((float)value);
        return Tensor("constant", TensorProto.Types.DataType.Float, sizes, raw);
    }

    /// <summary>Constants, as float or double.</summary>
    public string Numbers(string name, TensorProto.Types.DataType type, ReadOnlySpan<int> sizes, IEnumerable<double> values) => Tensor(name, type, sizes, type == TensorProto.Types.DataType.Double
        ? MemoryMarshal.AsBytes<double>([.. values]).ToArray()
        : MemoryMarshal.AsBytes<float>([.. values.Select(v => (float)v)]).ToArray());

    public string Indices(string name, long[] values) => Tensor(name, TensorProto.Types.DataType.Int64, [values.Length], MemoryMarshal.AsBytes<long>(values).ToArray());

    /// <summary>Reshapes a value, keeping the batch axis first.</summary>
    public string Reshape(string x, Shape from, Shape to)
    {
        // 0 keeps an axis, so that a reader can recognise the batch; -1 is inferred.
        long[] sizes = [from[0] == to[0] ? 0 : -1, .. to.Sizes[1..].ToArray().Select(s => (long)s)];
        return Add("Reshape", [x, Indices("shape", sizes)]);
    }

    /// <summary>The graph without unused nodes: a node may absorb one before it, as a recurrent layer does with the matmul of its input.</summary>
    public GraphProto Finish()
    {
        var read = new HashSet<string>(graph.Output.Select(o => o.Name));
        for (int i = graph.Node.Count - 1; i >= 0; i--)
        {
            if (read.Overlaps(graph.Node[i].Output))
                read.UnionWith(graph.Node[i].Input);
            else
                graph.Node.RemoveAt(i);
        }
        for (int i = graph.Initializer.Count - 1; i >= 0; i--)
        {
            if (!read.Contains(graph.Initializer[i].Name))
                graph.Initializer.RemoveAt(i);
        }
        return graph;
    }

    private static void Rename(Google.Protobuf.Collections.RepeatedField<string> names, string from, string to)
    {
        for (int i = 0; i < names.Count; i++)
        {
            if (names[i] == from)
                names[i] = to;
        }
    }

    private static long Count(ReadOnlySpan<int> sizes)
    {
        long count = 1;
        foreach (int size in sizes)
            count = checked(count * size);
        return count;
    }

    private static ValueInfoProto Value(string name, TensorProto.Types.DataType type, Shape shape, string meaning)
    {
        var sizes = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "N" } } };
        foreach (int size in shape.Sizes[1..])
            sizes.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = size });
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = sizes };
        return new ValueInfoProto { Name = name, DocString = meaning, Type = new TypeProto { TensorType = tensor } };
    }

    private byte[] Room(long more)
    {
        RequireRoom(checked(bytes += more));
        return new byte[more];
    }

    private string Tensor(string name, TensorProto.Types.DataType type, ReadOnlySpan<int> sizes, byte[] raw)
    {
        var tensor = new TensorProto { Name = Unique(name), DataType = (int)type, RawData = UnsafeByteOperations.UnsafeWrap(raw) };
        foreach (int size in sizes)
            tensor.Dims.Add(size);
        graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    private string Unique(string name)
    {
        string free = name;
        while (!taken.TryAdd(free, 0))
            free = string.Create(CultureInfo.InvariantCulture, $"{name}_{++taken[name]}");
        return free;
    }
}

/// <summary>Attributes of a node.</summary>
internal static class OnnxAttribute
{
    public static AttributeProto Of(string name, long value) => new() { Name = name, I = value, Type = AttributeProto.Types.AttributeType.Int };

    public static AttributeProto Of(string name, double value) => new() { Name = name, F = (float)value, Type = AttributeProto.Types.AttributeType.Float };

    public static AttributeProto Of(string name, string value) => new() { Name = name, S = ByteString.CopyFromUtf8(value), Type = AttributeProto.Types.AttributeType.String };

    public static AttributeProto Texts(string name, params IEnumerable<string> values) =>
        new() { Name = name, Strings = { values.Select(ByteString.CopyFromUtf8) }, Type = AttributeProto.Types.AttributeType.Strings };

    public static AttributeProto Ints(string name, params IEnumerable<int> values) =>
        new() { Name = name, Ints = { values.Select(v => (long)v) }, Type = AttributeProto.Types.AttributeType.Ints };
}
