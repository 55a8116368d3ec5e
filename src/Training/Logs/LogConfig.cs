using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Logs;

/// <summary>A log of the run in a format that other programs read.</summary>
public abstract record LogConfig : IChoice<LogConfig>, ILocated
{
    public static string What => "log";

    public static IReadOnlyList<Choice> Choices => All;

    public static IReadOnlyList<Choice> All { get; } =
    [
        new("tensorboard", typeof(TensorBoardConfig), "Event files for TensorBoard in the run folder: scalars, histograms, images, the config, hyperparameters."),
        new("csv", typeof(CsvLogConfig), "`epochs.csv`, a row per epoch, and `steps.csv`, a row every `train.log-every` steps, in the run folder."),
    ];

    [NotConfig]
    public Mark? Source { get; init; }
}

public sealed record TensorBoardConfig : LogConfig
{
    /// <summary>Epochs between histograms of weights, gradients and activations; 0 for none.</summary>
    public int Histograms { get; init => field = Require.NonNegative(value); } = 1;

    /// <summary>Number of pictures of each kind: samples, mistakes, filters of the first layer; 0 for none.</summary>
    public int Images { get; init => field = Require.Between(value, 0, 256); } = 25;
}

public sealed record CsvLogConfig : LogConfig;
