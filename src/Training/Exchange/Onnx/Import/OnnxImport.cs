using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Exchange.Onnx.Import;

/// <summary>A network that was read from an ONNX model: a config, and weights by the names of its parameters.</summary>
public sealed record ImportedNetwork
{
    internal ImportedNetwork(YamlMapping tree, RunConfig config, Network network, FittedInput input, IReadOnlyDictionary<string, float[]> weights) =>
        (Tree, Config, Network, Input, Weights) = (tree, config, network, input, weights);

    internal YamlMapping Tree { get; }

    public RunConfig Config { get; }

    public Network Network { get; }

    internal FittedInput Input { get; }

    /// <summary>The values of each parameter and running statistic.</summary>
    public IReadOnlyDictionary<string, float[]> Weights { get; }

    /// <summary>Notes on parts of the model that were left out or look unintended.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The program that wrote the model.</summary>
    public string Producer { get; init; } = "";

    /// <summary>Writes the weights as a safetensors file that is a whole model of GpuGrad.</summary>
    public void SaveWeights(string path) => SafetensorsWriter.Write(
        path,
        Network.Parameters.Select(p => TensorToWrite.Streamed(p.Name, p.Shape.Sizes, (first, part) => Weights[p.Name].AsSpan((int)first, part.Length).CopyTo(part))),
        new ModelCard(YamlWriter.Write(Tree), Input).ToMetadata());

    /// <summary>The config as a text.</summary>
    /// <param name="weights">The file of the weights, as <c>init-from</c> names it.</param>
    /// <param name="model">The model's file, for the comment.</param>
    public string ToYaml(string weights, string model) =>
        $"# Read by 'gpugrad import' from {OneLine.Of(model)}{(Producer.Length > 0 ? $", written by {OneLine.Of(Producer, 60)}" : "")}.\n"
        + "# To train on: give 'data' a dataset instead of shape and classes. To begin with random weights: leave out 'init-from'.\n"
        + YamlWriter.Write(Tree.With("init-from", new YamlScalar(weights, true, Tree.Mark))) + "\n";
}

/// <summary>Reads networks from ONNX models.</summary>
public static class OnnxImport
{
    /// <param name="path">The model.</param>
    /// <param name="name">Name of the experiment.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: the message names the file or the node that cannot be read.</exception>
    public static ImportedNetwork Read(string path, string name)
    {
        try
        {
            return Read(OnnxSource.Open(path), name);
        }
        catch (GpuGradException e) when (e.Fault == Fault.Data && !e.Message.StartsWith(path, StringComparison.Ordinal))
        {
            throw new GpuGradException(Fault.Data, $"{path}: {e.Message}", e);
        }
        catch (OverflowException e)
        {
            throw new GpuGradException(Fault.Data, $"{path}: the product of its sizes overflows; expected a model of sizes that fit into memory", e);
        }
    }

    internal static ImportedNetwork Read(OnnxSource source, string name)
    {
        (Network network, List<ImportedLayer> layers, Dictionary<string, float[]> weights) = Network(source);
        Dictionary<string, string> metadata = Metadata(source.Model);
        Shape shape = network.Input;
        FittedInput? own = Own(metadata, shape);
        (YamlMapping tree, RunConfig config, DataShape data) = Describe(name, layers, network, shape, own, metadata);
        return new ImportedNetwork(tree, config, network, (own ?? new FittedInput { Shape = data, Normalization = Normalization.None(shape[0]) }) with { Shape = data }, weights)
        {
            Notes = Notes(source),
            Producer = $"{source.Model.ProducerName} {source.Model.ProducerVersion}".Trim(),
        };
    }

    /// <summary>The network and its weights, independent of the task.</summary>
    internal static (Network, List<ImportedLayer>, Dictionary<string, float[]>) Network(OnnxSource source)
    {
        Shape shape = ShapeOf(source.Input);
        ValueInfoProto output = source.Model.Graph.Output.FirstOrDefault() ?? throw OnnxFault.Of("the model has no output", "one");
        if (!source.IsComputed(output.Name))
            throw OnnxFault.Of($"output '{OneLine.Of(output.Name, 80)}' does not depend on the input", "one that does");
        var reader = new PathReader(source);
        List<ImportedLayer> layers = reader.Read(source.Input.Name, shape, output.Name);
        if (layers.Count == 0)
            throw OnnxFault.Of("there is nothing between input and output", "layers");
        Tidy.Up(layers);
        Network network = Build(layers, shape);
        var weights = new Dictionary<string, float[]>();
        Collect(layers, network.Layers, weights);
        return (network, layers, weights);
    }

    private static Shape ShapeOf(ValueInfoProto input)
    {
        TensorShapeProto? shape = input.Type?.TensorType?.Shape;
        int[] sizes = [.. (shape?.Dim ?? []).Skip(1).Select(d => d.DimValue is > 0 and <= int.MaxValue ? (int)d.DimValue : 0)];
        if (sizes.Length == 0 || sizes.Contains(0))
            throw OnnxFault.Of($"input '{OneLine.Of(input.Name, 80)}' has shape [{string.Join(", ", (shape?.Dim ?? []).Select(d => d.DimParam.Length > 0 ? OneLine.Of(d.DimParam, 20) : d.DimValue.ToString(System.Globalization.CultureInfo.InvariantCulture)))}]", "a batch of any size and known sizes after it; save the model with a fixed size of a sample");
        return new Shape(sizes);
    }

    private static Network Build(List<ImportedLayer> layers, Shape shape)
    {
        try
        {
            return Networks.Network.Build([.. layers.Select(l => l.ToConfig() with { Source = null })], shape);
        }
        catch (GpuGradException e) when (e.Fault is Fault.Config or Fault.Memory)
        {
            throw OnnxFault.Of(e.Message, "layers that fit together");
        }
    }

    private static void Collect(IReadOnlyList<ImportedLayer> read, IReadOnlyList<Layer> built, Dictionary<string, float[]> weights)
    {
        foreach ((ImportedLayer layer, Layer real) in read.Zip(built))
        {
            foreach (Parameter parameter in real.Parameters)
            {
                string part = parameter.Name[(parameter.Name.LastIndexOf('.') + 1)..];
                float[] values = layer.Weights[part];
                if (values.Length != parameter.Shape.Count)
                    throw OnnxFault.Of($"layer {real.Path} ({real.Kind}) has {values.Length} numbers as its {part}", $"{parameter.Shape.Count}");
                weights[parameter.Name] = values;
            }
            IReadOnlyList<IReadOnlyList<Layer>> paths = real switch { Residual residual => residual.Paths, Branch branch => branch.Paths, _ => [] };
            foreach ((List<ImportedLayer> path, IReadOnlyList<Layer> inner) in (layer.Paths ?? []).Zip(paths))
                Collect(path, inner, weights);
        }
    }

    private static (YamlMapping, RunConfig, DataShape) Describe(string name, List<ImportedLayer> layers, Network network, Shape shape, FittedInput? own, Dictionary<string, string> metadata)
    {
        YamlNode? loss = own is null ? null : (YamlReader.Read(metadata["gpugrad.config"], "the config in it") as YamlMapping)?["loss"];
        var problems = new List<string>();
        foreach ((DataShape data, YamlMapping described, YamlNode? with) in Candidates(network, shape, own, loss))
        {
            YamlMapping tree = ImportedLayer.Mapping(
            [
                ("name", new YamlScalar(name, true, default)),
                ("data", described),
                ("model", ImportedLayer.ToYaml(layers)),
                .. with is null ? [] : new (string, YamlNode)[] { ("loss", with) },
            ]);
            try
            {
                // Written and read back, so that errors have places.
                var read = (YamlMapping)YamlReader.Read(YamlWriter.Write(tree), "the config");
                RunConfig config = ConfigBinder.Bind<RunConfig>(read, "the config");
                ModelCheck.Check(config, data);
                return (read, config, data);
            }
            catch (GpuGradException e) when (e.Fault == Fault.Config)
            {
                problems.Add(e.Message);
            }
        }
        throw OnnxFault.Of(problems[^1], "a network that a config can describe");
    }

    // The kind of output: what the file says; else classes per sample or position, if the shape allows it; else numbers.
    private static IEnumerable<(DataShape, YamlMapping, YamlNode?)> Candidates(Network network, Shape shape, FittedInput? own, YamlNode? loss)
    {
        (string, YamlNode) sizes = ("shape", ImportedLayer.List(shape.Sizes.ToArray()));
        Shape output = network.Output;
        if (own is not null)
        {
            (string, YamlNode)[] answer = own.Shape.Answer is Shape a ? [("target-shape", ImportedLayer.List(a.Sizes.ToArray()))] : [];
            (string, YamlNode) count = own.Shape.Classes > 0 ? ("classes", Number(own.Shape.Classes)) : ("targets", Number(own.Shape.Targets));
            yield return (own.Shape, ImportedLayer.Mapping([sizes, count, .. answer]), loss);
        }
        if (output.Rank == 1 && output[0] > 1)
            yield return (new DataShape(shape, output[0]), ImportedLayer.Mapping(sizes, ("classes", Number(output[0]))), null);
        if (output.Rank == 3 && output[0] > 1)
            yield return Places(output[0], new Shape(output[1], output[2]));
        if (output.Rank == 2 && output[1] > 1)
            yield return Places(output[1], new Shape(output[0]));
        YamlScalar mse = ImportedLayer.Scalar("mse");
        if (output.Rank == 3)
            yield return (new DataShape(shape, 0, output.Count) { Answer = output }, ImportedLayer.Mapping(sizes, ("target-shape", ImportedLayer.List(output.Sizes.ToArray()))), mse);
        yield return (new DataShape(shape, 0, output.Count), ImportedLayer.Mapping(sizes, ("targets", Number(output.Count))), mse);

        // A class for each pixel of a mask, or each step of a sequence.
        (DataShape, YamlMapping, YamlNode?) Places(int classes, Shape answer) =>
            (new DataShape(shape, classes) { Answer = answer }, ImportedLayer.Mapping(sizes, ("classes", Number(classes)), ("target-shape", ImportedLayer.List(answer.Sizes.ToArray()))), null);
    }

    private static YamlScalar Number(int value) => ImportedLayer.Scalar(value.ToString(System.Globalization.CultureInfo.InvariantCulture));

    // What our own export wrote; null for other programs' models, or if it was tampered with.
    private static FittedInput? Own(Dictionary<string, string> metadata, Shape shape)
    {
        try
        {
            return metadata.ContainsKey("gpugrad.config") && ModelCard.FromMetadata("", metadata).Input is { } input && input.Shape.Shape == shape ? input : null;
        }
        catch (GpuGradException)
        {
            return null;
        }
    }

    private static Dictionary<string, string> Metadata(ModelProto model)
    {
        var metadata = new Dictionary<string, string>();
        foreach (StringStringEntryProto entry in model.MetadataProps)
            metadata[entry.Key] = entry.Value;
        return metadata;
    }

    private static IReadOnlyList<string> Notes(OnnxSource source)
    {
        string[] others = [.. source.Model.Graph.Output.Skip(1).Select(o => o.Name)];
        return others.Length == 0 ? [] : [$"of several outputs the first, '{OneLine.Of(source.Model.Graph.Output[0].Name, 80)}', is read; {string.Join(", ", others.Select(o => $"'{OneLine.Of(o, 80)}'"))} not"];
    }
}
