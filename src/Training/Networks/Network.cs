using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Layers;

namespace GpuGrad.Training.Networks;

/// <summary>A stack of layers with its parameters: shapes checked, nothing computed, no device.</summary>
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

    /// <summary>All layers, inner ones after the one they stand in.</summary>
    public IReadOnlyList<Layer> AllLayers { get; }

    /// <summary>All parameters and running statistics, in network order.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Whether a sequence can be given to it step by step, each behind what was carried from those before.</summary>
    public bool TakesSteps => Input.Rank == 1 && Layers[0] is EmbeddingLayer && AllLayers.All(l => l.TakesSteps);

    public long ParameterCount => Parameters.Where(p => p.Trained).Sum(p => p.Shape.Length);

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: a layer does not fit what comes before it.</exception>
    public static Network Build(IReadOnlyList<LayerConfig> layers, Shape input) => new(input, LayerStack.Build(layers, "", input, Follower.Nothing, []));

    /// <summary>The same ahead of which ids of categories become learned vectors, where the samples have such.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: a layer does not fit what comes before it.</exception>
    public static Network Build(IReadOnlyList<LayerConfig> layers, DataShape data) => ColumnEmbeddings.Of(data, layers) is { } columns
        ? new(data.Shape, [columns, .. LayerStack.Build(layers, "", columns.Output, Follower.Nothing, [])])
        : Build(layers, data.Shape);

    /// <summary>The values that a parameter begins with; they depend on the seed and the parameter's place, and for <c>whiten</c> on the samples.</summary>
    /// <param name="parameter">One of this network's.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="training">The samples to train on; null where there are none.</param>
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
