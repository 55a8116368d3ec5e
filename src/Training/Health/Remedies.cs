using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Optimizers;
using GpuGrad.Training.Schedules;

namespace GpuGrad.Training.Health;

/// <summary>
/// Lines that help, in the run's own settings. A method that gives a line gives null where there is none that could be typed: a rate
/// that is low already is not lowered, a schedule that is there is not advised.
/// </summary>
public sealed class Remedies
{
    /// <summary>How far a step should move a layer, of its norm: half a per cent, and up to two where a run has few steps to get anywhere.</summary>
    private const double Healthy = 0.005, MostHealthy = 0.02, WholeRun = 4;

    private const int MostPlaces = 6, MostClasses = 10;

    private readonly RunConfig config;
    private readonly string optimizer;
    private readonly ModelTree model;

    /// <param name="loaded">The experiment.</param>
    public Remedies(LoadedConfig loaded)
    {
        config = loaded.Config;
        model = new ModelTree(loaded.Tree);
        // As the config calls it: 'momentum' and 'sgd' are settings of one record.
        optimizer = (loaded.Tree["train"] as YamlMapping)?["optimizer"] switch
        {
            YamlMapping { Entries.Count: > 0 } choice => choice.Entries[0].Key.Value,
            YamlScalar { IsNull: false } name => name.Value,
            _ => OptimizerConfig.All.First(c => c.Type == config.Train.Optimizer.GetType()).Name,
        };
    }

    /// <summary>Steps of the run; 0 where they are not known.</summary>
    public long TotalSteps { get; init; }

    private double Target => TotalSteps > 0 ? Math.Clamp(WholeRun / TotalSteps, Healthy, MostHealthy) : Healthy;

    /// <summary>Several ways out, the likeliest first.</summary>
    public static string Either(params IEnumerable<string?> ways) => string.Join(", or ", ways.Where(w => !string.IsNullOrEmpty(w)));

    /// <summary>How many times the optimizer's learning rate the schedule makes of it, where that is far above; else null.</summary>
    public double? Raised => config.Train.Schedule.Highest(config.Train.Epochs, TotalSteps / config.Train.Epochs) is var highest && highest > SettingsWithoutEffect.FarAbove ? highest : null;

    /// <summary>A lower learning rate: without the schedule, where that raises it.</summary>
    /// <param name="move">How far the longest step moved a layer, of its norm: the rate is lowered to what makes it healthy. Null: a tenth.</param>
    public string? LowerRate(double? move = null)
    {
        if (Raised is not null)
            return "--set train.schedule=constant";
        double lr = config.Train.Optimizer.Lr, rate = Round(Clamp(move > 2 * Target ? lr * Target / move.Value : lr / 10));
        return rate > 0 && rate <= lr / 1.5 ? Rate(rate) : null;
    }

    /// <summary>A higher learning rate.</summary>
    /// <param name="move">How far steps move the layer that they move furthest, of its norm. Null: ten times.</param>
    public string? HigherRate(double? move = null)
    {
        double lr = config.Train.Optimizer.Lr, rate = Round(Clamp(move > 0 && move < Target / 2 ? lr * Target / move.Value : lr * 10));
        return lr > 0 && rate >= lr * 1.5 ? Rate(rate) : null;
    }

    /// <summary>A limit on a step's length.</summary>
    public static string? Clip(double norm) => norm > 1e-6 && norm < 1e6 ? string.Create(CultureInfo.InvariantCulture, $"--set train.clip.norm={Text(norm)}") : null;

    /// <summary>Weights on the state of plain recurrent layers that keep the size of what they carry, and a limit on the steps, which may now explode.</summary>
    public string? Orthogonal => Places(model.RecurrentInitialisers, "orthogonal") is string lines ? config.Train.Clip is null ? $"{lines} --set train.clip.norm=1" : lines : null;

    /// <summary>A rate that falls to 0 at the end, where it is the same all along.</summary>
    public string? Schedule => config.Train.Schedule is ConstantSchedule ? "--set train.schedule=cosine" : null;

    /// <summary>Inputs of mean 0 and deviation 1, where they are far from it.</summary>
    /// <param name="size">Their root mean square.</param>
    public string? Normalise(double size) => IsFar(size) && config.Data.Normalize != Normalize.Standard ? "--set data.normalize=standard" : null;

    /// <summary>Whether inputs of a size are far from normalised ones.</summary>
    public static bool IsFar(double size) => size is > 10 or < 0.1;

    /// <summary>The default initialisers instead of those that the model names.</summary>
    public string? DefaultInit => model.Initialisers is { Count: > 0 } all ? Places(all, "null") ?? "no init: in these layers (the defaults keep the scale)" : null;

    /// <summary>leaky-relu instead of relu.</summary>
    public string LeakyRelu => Places(model.Named("relu", "relu6"), "leaky-relu") ?? "leaky-relu instead of relu";

    /// <summary>relu instead of functions with two flat ends.</summary>
    public string Relu => Places(model.Named("sigmoid", "tanh", "hard-sigmoid", "hard-tanh"), "relu") ?? "relu instead of sigmoid or tanh";

    /// <summary>Half of the numbers kept, where nearly all are dropped.</summary>
    public string? Dropout => Places(model.Dropouts(0.75), "0.5");

    /// <summary>A weight decay that is usual, where it is far above that.</summary>
    public string? WeightDecay => config.Train.Optimizer.WeightDecay > 2e-3 ? $"--set train.optimizer.{optimizer}.weight-decay={(config.Train.Optimizer is AdamWConfig ? "0.01" : "0.0005")}" : null;

    /// <summary>The loss made for classes, where another stands in its place.</summary>
    public string? ClassLoss => config.Loss is NumberLossConfig and not BinaryCrossEntropyConfig ? "--set loss=softmax-cross-entropy" : null;

    /// <summary>The weights of the epoch that was best on samples not trained on.</summary>
    public string? KeepBest(bool validation) => config.Train.KeepBest is null ? $"--set train.keep-best={(validation ? "validation" : "test")}-loss" : null;

    /// <summary>Rare classes made to count more, so that all count alike.</summary>
    public string? ClassWeights(IReadOnlyList<double> shares)
    {
        if (config.Loss is BinaryCrossEntropyConfig && shares.Count == 2)
            return string.Create(CultureInfo.InvariantCulture, $"--set loss.bce-with-logits.positive-weight={Text(Math.Clamp(shares[0] / shares[1], 0.01, 100))}");
        return config.Loss is SoftmaxCrossEntropyConfig { ClassWeights: null } && shares.Count <= MostClasses
            ? $"--set loss.softmax-cross-entropy.class-weights=[{string.Join(',', shares.Select(s => Text(Math.Clamp(1 / (s * shares.Count), 0.01, 100))))}]"
            : null;
    }

    private string Rate(double rate) => $"--set train.optimizer.{optimizer}.lr={Text(rate)}";

    // What people use: beyond it an advice is worth nothing, whatever was measured.
    private double Clamp(double rate) => config.Train.Optimizer switch
    {
        SgdConfig { Momentum: >= 0.5 } => Math.Clamp(rate, 1e-5, 0.2),
        SgdConfig or AdagradConfig => Math.Clamp(rate, 1e-5, 0.5),
        LionConfig => Math.Clamp(rate, 1e-6, 1e-3),
        _ => Math.Clamp(rate, 1e-5, 0.02),
    };

    private static string? Places(IReadOnlyList<string> paths, string value) =>
        paths.Count is > 0 and <= MostPlaces ? string.Join(' ', paths.Select(p => $"--set {p}={value}")) : null;

    private static string Text(double value) => Round(value).ToString("0.###############", CultureInfo.InvariantCulture);

    // As many digits as a measured number is worth.
    private static double Round(double value) => double.Parse(value.ToString("G2", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
