using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Transfer;

namespace GpuGrad.Training.Steps;

/// <summary>
/// Assigns parameters to optimizer groups: 0 has the common settings, i + 1 is the i-th group of the config; with
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
        (int depth, int listed, bool exempt) = Parts(config, group);
        double decay = exempt ? 0 : config.Optimizer.WeightDecay, factor = Math.Pow(config.LrDecay, depth);
        if (listed == 0)
            return (factor, decay);
        GroupConfig settings = config.Groups[listed - 1];
        return (settings.LrFactor * factor, settings.WeightDecay ?? decay);
    }

    /// <summary>Factor on the learning rate of a parameter; 0 if it is frozen.</summary>
    public static double RateFactorOf(RunConfig config, Network network, Parameter parameter) =>
        config.Freeze?.Includes(parameter) == true ? 0 : SettingsOf(config.Train, GroupOf(config.Train, network, parameter)).RateFactor;

    /// <summary>The config's group that an optimizer group belongs to, from 1; 0 for the common settings.</summary>
    internal static int ListedGroup(TrainConfig config, int group) => Parts(config, group).Listed;

    private static int GroupOf(TrainConfig config, Network network, Parameter parameter)
    {
        int listed = 0;
        for (int i = 0; i < config.Groups.Count && listed == 0; i++)
            listed = config.Groups[i].Layers.Any(pattern => NamePattern.Names(pattern, parameter)) ? i + 1 : 0;
        int group = listed + (config.LrDecay == 1 ? 0 : DepthOf(network, parameter) * (config.Groups.Count + 1));
        return config.WeightDecayOf == Decayed.All ? group : (2 * group) + (parameter is { Penalized: true, IsTable: false } ? 0 : 1);
    }

    private static (int Depth, int Listed, bool Exempt) Parts(TrainConfig config, int group)
    {
        bool halves = config.WeightDecayOf != Decayed.All; // separate groups for parameters with and without weight decay
        (int depth, int listed) = Math.DivRem(halves ? group / 2 : group, config.Groups.Count + 1);
        return (depth, listed, halves && group % 2 == 1);
    }

    // Number of layers with parameters between it and the end of the network; a block counts as one.
    private static int DepthOf(Network network, Parameter parameter)
    {
        Layer[] layers = [.. network.Layers.Where(HasParameters)];
        return layers.Length - 1 - Array.FindIndex(layers, l => parameter.Name.StartsWith(l.Path + ".", StringComparison.Ordinal));
    }

    private static bool HasParameters(Layer layer) => layer.Parameters.Count > 0 || layer.Inner.Any(HasParameters);
}
