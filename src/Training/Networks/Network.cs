using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Layers;

namespace GpuGrad.Training.Networks;

/// <summary>A stack of layers with their parameters. Shapes are checked; nothing is computed and no device is needed.</summary>
public sealed class Network
{
    private Network(Shape input, IReadOnlyList<Layer> layers)
    {
        Input = input;
        Layers = layers;
        AllLayers = [.. layers.SelectMany(WithInner)];
        Parameters = [.. AllLayers.SelectMany(l => l.Parameters)];
    }

    /// <summary>Shape of one sample.</summary>
    public Shape Input { get; }

    public Shape Output => Layers[^1].Output;

    public IReadOnlyList<Layer> Layers { get; }

    /// <summary>All layers; inner ones follow the layer that contains them.</summary>
    public IReadOnlyList<Layer> AllLayers { get; }

    /// <summary>All parameters and running statistics, in network order.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Whether it can take a sequence step by step, with state carried over from the steps before.</summary>
    public bool TakesSteps => Input.Rank == 1 && Layers[0] is EmbeddingLayer && AllLayers.All(l => l.TakesSteps);

    public long ParameterCount => Parameters.Where(p => p.Trained).Sum(p => p.Shape.Length);

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: a layer does not fit the one before it.</exception>
    public static Network Build(IReadOnlyList<LayerConfig> layers, Shape input) => new(input, LayerStack.Build(layers, "", input, Follower.Nothing, []));

    /// <summary>Builds the network; for samples with ids of categories, an embedding of these comes first.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: a layer does not fit the one before it.</exception>
    public static Network Build(IReadOnlyList<LayerConfig> layers, DataShape data) => ColumnEmbeddings.Of(data, layers) is { } columns
        ? new(data.Shape, [columns, .. LayerStack.Build(layers, "", columns.Output, Follower.Nothing, [])])
        : Build(layers, data.Shape);

    /// <summary>Initial values of a parameter; they depend on the seed and the parameter's position, and for <c>whiten</c> on the samples.</summary>
    /// <param name="parameter">One of this network's.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="training">The training samples; null if there are none.</param>
    public double[] InitialValues(Parameter parameter, ulong seed, Steps.BatchSource? training = null)
    {
        var values = new double[parameter.Shape.Count];
        uint index = (uint)Parameters.ToList().IndexOf(parameter);
        var random = new RandomStream(seed, Purpose.Initialise, index);
        if (training is not null && parameter is { Init: WhitenInit whiten, Patches: { } window })
            whiten.Fill(parameter, window, training, random, values);
        else
            parameter.Init.Fill(parameter, random, values);
        return values;
    }

    private static IEnumerable<Layer> WithInner(Layer layer) => [layer, .. layer.Inner.SelectMany(WithInner)];
}
