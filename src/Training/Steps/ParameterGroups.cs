using System.IO.Enumeration;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Steps;

/// <summary>Which optimizer group a parameter is in: 0 for the common settings, i + 1 for the i-th group of the config.</summary>
public static class ParameterGroups
{
    public static ParameterLayout Layout(TrainConfig config, Network network)
    {
        foreach (GroupConfig group in config.Groups)
        {
            string? useless = group.Layers.FirstOrDefault(pattern => !network.Parameters.Any(p => Matches(pattern, p)));
            if (useless is not null)
                throw ConfigException.At(group.Source ?? config.Source, $"train.groups: '{useless}' names no parameter; there are {string.Join(", ", network.Parameters.Where(p => p.Trained).Select(p => p.Name).Take(8))} …");
        }
        return new ParameterLayout(network.Parameters, p => GroupOf(config, p));
    }

    /// <summary>Factor on the learning rate and weight decay of a group.</summary>
    public static (double RateFactor, double WeightDecay) SettingsOf(TrainConfig config, int group)
    {
        if (group == 0)
            return (1, config.Optimizer.WeightDecay);
        GroupConfig settings = config.Groups[group - 1];
        return (settings.LrFactor, settings.WeightDecay ?? config.Optimizer.WeightDecay);
    }

    /// <summary>Factor on the learning rate of a parameter; 0 where it is frozen.</summary>
    public static double RateFactorOf(TrainConfig config, Parameter parameter) => SettingsOf(config, GroupOf(config, parameter)).RateFactor;

    private static int GroupOf(TrainConfig config, Parameter parameter)
    {
        for (int i = 0; i < config.Groups.Count; i++)
        {
            if (config.Groups[i].Layers.Any(pattern => Matches(pattern, parameter)))
                return i + 1;
        }
        return 0;
    }

    private static bool Matches(string pattern, Parameter parameter) =>
        pattern == parameter.Layer || parameter.Name.StartsWith(pattern + ".", StringComparison.Ordinal) || FileSystemName.MatchesSimpleExpression(pattern, parameter.Name, ignoreCase: false);
}
