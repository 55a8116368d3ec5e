using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Optimizers;
using GpuGrad.Training.Schedules;

namespace GpuGrad.Training.Health;

/// <summary>
/// Remedies as options to type, in the run's own settings. A method returns null if it has no useful option: a rate
/// that is low already is not lowered, an existing schedule is not advised.
/// </summary>
public sealed class Remedies
{
    /// <summary>Healthy relative update of a layer per step: half a per cent, and up to two if the run has few steps.</summary>
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
        // The name in the config: 'momentum' and 'sgd' are settings of one record.
        optimizer = (loaded.Tree["train"] as YamlMapping)?["optimizer"] switch
        {
            YamlMapping { Entries.Count: > 0 } choice => choice.Entries[0].Key.Value,
            YamlScalar { IsNull: false } name => name.Value,
            _ => OptimizerConfig.All.First(c => c.Type == config.Train.Optimizer.GetType()).Name,
        };
    }

    /// <summary>Number of steps in the run; 0 if unknown.</summary>
    public long TotalSteps { get; init; }

    private double Target => TotalSteps > 0 ? Math.Clamp(WholeRun / TotalSteps, Healthy, MostHealthy) : Healthy;

    /// <summary>Alternatives, the most promising first.</summary>
    public static string Either(params IEnumerable<string?> ways) => string.Join(", or ", ways.Where(w => !string.IsNullOrEmpty(w)));

    /// <summary>The largest factor of the schedule on the optimizer's learning rate if it is far above 1; else null.</summary>
    public double? Raised => config.Train.Schedule.Highest(config.Train.Epochs, TotalSteps / config.Train.Epochs) is var highest && highest > SettingsWithoutEffect.FarAbove ? highest : null;

    /// <summary>A lower learning rate; if the schedule raises it, without the schedule.</summary>
    /// <param name="move">Largest relative update of a layer: the rate is lowered to make it healthy. Null: to a tenth.</param>
    public string? LowerRate(double? move = null)
    {
        if (Raised is not null)
            return "--set train.schedule=constant";
        double lr = config.Train.Optimizer.Lr, rate = Round(Clamp(move > 2 * Target ? lr * Target / move.Value : lr / 10));
        return rate > 0 && rate <= lr / 1.5 ? Rate(rate) : null;
    }

    /// <summary>A higher learning rate.</summary>
    /// <param name="move">Relative update of the layer that moves most. Null: ten times the rate.</param>
    public string? HigherRate(double? move = null)
    {
        double lr = config.Train.Optimizer.Lr, rate = Round(Clamp(move > 0 && move < Target / 2 ? lr * Target / move.Value : lr * 10));
        return lr > 0 && rate >= lr * 1.5 ? Rate(rate) : null;
    }

    /// <summary>Clips the gradient norm.</summary>
    public static string? Clip(double norm) => norm > 1e-6 && norm < 1e6 ? string.Create(CultureInfo.InvariantCulture, $"--set train.clip.norm={Text(norm)}") : null;

    /// <summary>Orthogonal recurrent weights, which preserve the size of the state, and a limit on the gradient norm, which may now explode.</summary>
    public string? Orthogonal => Places(model.RecurrentInitialisers, "orthogonal") is string lines ? config.Train.Clip is null ? $"{lines} --set train.clip.norm=1" : lines : null;

    /// <summary>A schedule that decays to 0, if the rate is constant.</summary>
    public string? Schedule => config.Train.Schedule is ConstantSchedule ? "--set train.schedule=cosine" : null;

    /// <summary>Standardised inputs, if they are far from it.</summary>
    /// <param name="size">Root mean square of the inputs.</param>
    public string? Normalise(double size) => IsFar(size) && config.Data.Normalize != Normalize.Standard ? "--set data.normalize=standard" : null;

    /// <summary>Whether the size of inputs is far from 1.</summary>
    public static bool IsFar(double size) => size is > 10 or < 0.1;

    /// <summary>The default initialisers instead of those in the model.</summary>
    public string? DefaultInit => model.Initialisers is { Count: > 0 } all ? Places(all, "null") ?? "no init: in these layers (the defaults keep the scale)" : null;

    /// <summary>leaky-relu instead of relu.</summary>
    public string LeakyRelu => Places(model.Named("relu", "relu6"), "leaky-relu") ?? "leaky-relu instead of relu";

    /// <summary>relu instead of functions that saturate on both sides.</summary>
    public string Relu => Places(model.Named("sigmoid", "tanh", "hard-sigmoid", "hard-tanh"), "relu") ?? "relu instead of sigmoid or tanh";

    /// <summary>A dropout rate of a half, if nearly all is dropped.</summary>
    public string? Dropout => Places(model.Dropouts(0.75), "0.5");

    /// <summary>A usual weight decay, if it is far above that.</summary>
    public string? WeightDecay => config.Train.Optimizer.WeightDecay > 2e-3 ? $"--set train.optimizer.{optimizer}.weight-decay={(config.Train.Optimizer is AdamWConfig ? "0.01" : "0.0005")}" : null;

    /// <summary>A loss for classes, if another is used for them.</summary>
    public string? ClassLoss => config.Loss is NumberLossConfig and not BinaryCrossEntropyConfig ? "--set loss=softmax-cross-entropy" : null;

    /// <summary>The weights of the epoch with the best held-out loss.</summary>
    public string? KeepBest(bool validation) => config.Train.KeepBest is null ? $"--set train.keep-best={(validation ? "validation" : "test")}-loss" : null;

    /// <summary>
    /// Class weights that give two classes the same total weight. Of more than two the roots of those: where neighbouring classes overlap, equal totals make a network guess rare
    /// ones everywhere (mean macro F1 on six splits of the red wines: 0.294 without weights, 0.259 with equal totals, 0.312 with roots).
    /// </summary>
    public string? ClassWeights(IReadOnlyList<double> shares)
    {
        if (config.Loss is BinaryCrossEntropyConfig && shares.Count == 2)
            return string.Create(CultureInfo.InvariantCulture, $"--set loss.bce-with-logits.positive-weight={Text(Math.Clamp(shares[0] / shares[1], 0.01, 100))}");
        return config.Loss is SoftmaxCrossEntropyConfig { ClassWeights: null } && shares.Count <= MostClasses
            ? $"--set loss.softmax-cross-entropy.class-weights=[{string.Join(',', shares.Select(s => Text(Math.Clamp(Math.Pow(1 / (s * shares.Count), shares.Count > 2 ? 0.5 : 1), 0.01, 100))))}]"
            : null;
    }

    private string Rate(double rate) => $"--set train.optimizer.{optimizer}.lr={Text(rate)}";

    // Range of rates in use: advice beyond it is worthless, whatever was measured.
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

    // As many digits as the measurement is worth.
    private static double Round(double value) => double.Parse(value.ToString("G2", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
