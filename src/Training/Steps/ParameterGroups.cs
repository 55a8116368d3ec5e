using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Transfer;

namespace GpuGrad.Training.Steps;

/// <summary>
/// Which optimizer group a parameter is in: 0 for the common settings, i + 1 for the i-th group of the config; with
/// <see cref="TrainConfig.LrDecay"/> each layer has its own.
/// </summary>
public static class ParameterGroups
{
    public static ParameterLayout Layout(RunConfig config, Network network)
    {
        foreach (GroupConfig group in config.Train.Groups)
        {
            string? useless = group.Layers.FirstOrDefault(pattern => !network.Parameters.Any(p => NamePattern.Names(pattern, p)));
            if (useless is not null)
                throw ConfigException.At(group.Source ?? config.Train.Source, $"train.groups: '{useless}' names no parameter; there are {NamePattern.Listed(network)}");
        }
        config.Freeze?.Check(network);
        return new ParameterLayout(network.Parameters, p => config.Freeze?.Includes(p) == true ? null : GroupOf(config.Train, network, p));
    }

    /// <summary>Factor on the learning rate and weight decay of a group.</summary>
    public static (double RateFactor, double WeightDecay) SettingsOf(TrainConfig config, int group)
    {
        (int depth, int listed) = Math.DivRem(group, config.Groups.Count + 1);
        double factor = Math.Pow(config.LrDecay, depth);
        if (listed == 0)
            return (factor, config.Optimizer.WeightDecay);
        GroupConfig settings = config.Groups[listed - 1];
        return (settings.LrFactor * factor, settings.WeightDecay ?? config.Optimizer.WeightDecay);
    }

    /// <summary>Factor on the learning rate of a parameter; 0 where it is frozen.</summary>
    public static double RateFactorOf(RunConfig config, Network network, Parameter parameter) =>
        config.Freeze?.Includes(parameter) == true ? 0 : SettingsOf(config.Train, GroupOf(config.Train, network, parameter)).RateFactor;

    /// <summary>The group of the config that a group is part of, from 1; 0 for the common settings.</summary>
    internal static int ListedGroup(TrainConfig config, int group) => group % (config.Groups.Count + 1);

    private static int GroupOf(TrainConfig config, Network network, Parameter parameter)
    {
        int listed = 0;
        for (int i = 0; i < config.Groups.Count && listed == 0; i++)
            listed = config.Groups[i].Layers.Any(pattern => NamePattern.Names(pattern, parameter)) ? i + 1 : 0;
        return listed + (config.LrDecay == 1 ? 0 : DepthOf(network, parameter) * (config.Groups.Count + 1));
    }

    // Layers with parameters between it and the end of the network; a block counts as one.
    private static int DepthOf(Network network, Parameter parameter)
    {
        Layer[] layers = [.. network.Layers.Where(HasParameters)];
        return layers.Length - 1 - Array.FindIndex(layers, l => parameter.Name.StartsWith(l.Path + ".", StringComparison.Ordinal));
    }

    private static bool HasParameters(Layer layer) => layer.Parameters.Count > 0 || layer.Inner.Any(HasParameters);
}
