using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Networks;

/// <summary>The check of a whole experiment that needs neither device nor data.</summary>
public static class ModelCheck
{
    /// <summary>
    /// Builds the network for the shape that the config or the data set's kind tells and checks loss and groups against it;
    /// null where the shape is known only after the file is read.
    /// </summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>, with the place in the config.</exception>
    public static Network? Check(RunConfig config)
    {
        SettingsWithoutEffect.Refuse(config);
        // Whether there is a test set, often only the data tell: the trainer asks again.
        Runs.Monitor.Check(config.Train, hasValidation: config.Data.Validation is not null || config.Data.Dataset?.MayHaveValidation == true, hasTest: true);
        return config.Data.KnownShape is DataShape shape ? Check(config, shape) : null;
    }

    /// <summary>The same with the shape of loaded data.</summary>
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
        Steps.ParameterGroups.Layout(config, network);
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
