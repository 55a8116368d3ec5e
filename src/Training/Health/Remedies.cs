using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Optimizers;

namespace GpuGrad.Training.Health;

/// <summary>Config lines that help, in the run's own settings.</summary>
public sealed class Remedies
{
    private readonly RunConfig config;
    private readonly string optimizer;

    /// <param name="loaded">The experiment.</param>
    public Remedies(LoadedConfig loaded)
    {
        config = loaded.Config;
        // As the config calls it: 'momentum' and 'sgd' are settings of one record.
        optimizer = (loaded.Tree["train"] as YamlMapping)?["optimizer"] switch
        {
            YamlMapping { Entries.Count: > 0 } choice => choice.Entries[0].Key.Value,
            YamlScalar { IsNull: false } name => name.Value,
            _ => OptimizerConfig.All.First(c => c.Type == config.Train.Optimizer.GetType()).Name,
        };
    }

    /// <summary>The learning rate times a factor, as <c>--set</c> takes it.</summary>
    public string Rate(double factor) =>
        string.Create(CultureInfo.InvariantCulture, $"--set train.optimizer.{optimizer}.lr={Round(config.Train.Optimizer.Lr * factor)}");

    public static string Clip(double norm) => string.Create(CultureInfo.InvariantCulture, $"--set train.clip.norm={Round(norm)}");

    // As many digits as a measured number is worth.
    private static double Round(double value) =>
        double.Parse(value.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
