using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Optimizers;

namespace GpuGrad.Training.Health;

/// <summary>Config lines that help, in the run's own settings.</summary>
internal static class Remedies
{
    /// <summary>The learning rate times a factor, as <c>--set</c> takes it.</summary>
    public static string Rate(RunConfig config, double factor)
    {
        string optimizer = OptimizerConfig.All.First(c => c.Type == config.Train.Optimizer.GetType()).Name;
        return string.Create(CultureInfo.InvariantCulture, $"--set train.optimizer.{optimizer}.lr={Round(config.Train.Optimizer.Lr * factor)}");
    }

    public static string Clip(double norm) => string.Create(CultureInfo.InvariantCulture, $"--set train.clip.norm={Round(norm)}");

    // As many digits as a measured number is worth.
    private static double Round(double value) =>
        double.Parse(value.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
