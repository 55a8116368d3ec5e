using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Health;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Networks;

/// <summary>Checks a whole experiment without a device or data.</summary>
public static class ModelCheck
{
    /// <summary>
    /// Builds the network for the shape given by the config or implied by the data set's kind, and checks loss and groups against it;
    /// null if the shape is known only once the file is read.
    /// </summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>, with the place in the config.</exception>
    public static Network? Check(RunConfig config)
    {
        SettingsWithoutEffect.Refuse(config);
        // Often only the data show whether there is a test set: the trainer checks again.
        Runs.Monitor.Check(config.Train, hasValidation: config.Data.Validation is not null || config.Data.Dataset?.MayHaveValidation == true, hasTest: true);
        return config.Data.KnownShape is DataShape shape ? Check(config, shape) : null;
    }

    /// <summary>The same check with the shape of loaded data.</summary>
    public static Network Check(RunConfig config, DataShape shape)
    {
        Network network = Network.Build(config.Model, shape);
        if (IdRange.Misplaced(network) is { } table)
            throw ConfigException.At(config.Model[0].Source, $"layer {table.Path} (embedding) gets what other layers computed; expected it before them, as it takes the whole numbers of the data");
        if (config.Loss is { Source: null } and SoftmaxCrossEntropyConfig && shape.Classes == 0)
            throw ConfigException.At(config.Data.Dataset?.Source ?? config.Data.Source, $"the data has numbers to predict, {shape.Targets} a sample, and no 'loss' is given; softmax-cross-entropy, the default, is for classes; expected e.g. 'loss: mse' (or mae, huber, squared-error), and for labels of 0 and 1 'loss: bce-with-logits'");
        if (config.Loss.Problem(network.Output, shape) is string problem)
            throw ConfigException.At(config.Loss.Source ?? config.Model[^1].Source, problem);
        WhitenInit.Check(network);
        RequireStreams(config, network);
        ParameterLayout layout = Steps.ParameterGroups.Layout(config, network);
        if (config.Diagnostics.OnDead == OnDead.Reinit && UnitWiring.Of(network, layout).Count == 0)
            throw ConfigException.At(config.Diagnostics.Source, "diagnostics.on-dead: no relu or relu6 lies between two layers (dense, conv, conv1d, conv-transpose) that are trained, so no unit could be drawn anew; expected such a layer, or no 'on-dead'");
        return network;
    }

    private static void RequireStreams(RunConfig config, Network network)
    {
        if (!config.Data.InStreams)
            return;
        Layers.RecurrentLayer[] recurrent = [.. network.AllLayers.OfType<Layers.RecurrentLayer>()];
        if (recurrent.Length == 0)
            throw ConfigException.At(config.Data.Dataset!.Source, "text has 'streams', and no layer carries a state from one window to the next; expected rnn, lstm or gru in the model, or no 'streams'");
        if (recurrent.FirstOrDefault(l => !l.TakesSteps) is { } both)
            throw ConfigException.At(config.Data.Dataset!.Source, $"text has 'streams', and layer {both.Path} ({both.Kind}) reads backwards too, or gives one state for all steps; expected neither 'bidirectional' nor 'return: last'");
    }
}
