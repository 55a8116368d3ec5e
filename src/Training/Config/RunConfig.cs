using GpuGrad.Kernels.Numerics;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Health;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Logs;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Optimizers;
using GpuGrad.Training.Schedules;
using GpuGrad.Training.Transfer;

namespace GpuGrad.Training.Config;

/// <summary>An experiment: the contents of a config file.</summary>
public sealed record RunConfig
{
    /// <summary>Name of the experiment and of its run folders.</summary>
    [DefaultText("the file's name")]
    public string Name { get; init => field = Require.NotEmpty(value); } = "run";

    /// <summary>Seed of all random numbers of the run.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary><c>auto</c>, <c>cpu</c>, <c>cuda[:i]</c>, <c>opencl[:i]</c>, <c>emulated</c> or <c>reference</c>.</summary>
    public string Device { get; init => field = Require.NotEmpty(value); } = "auto";

    /// <summary>Folder that relative paths in the config are relative to.</summary>
    [DefaultText("the config file's folder")]
    public string? Folder { get; init => field = value is null ? null : Require.NotEmpty(value); }

    /// <summary>Threads of the cpu device; 0 means one per processor.</summary>
    public int Threads { get; init => field = Require.Between(value, 0, 1024); }

    /// <summary>
    /// Precision of the factors of matmuls and convolutions, forward and backward; everything else is float32, sums too. CUDA devices of
    /// compute capability 8.0 and newer multiply <c>tf32</c> (11 bits) and <c>bf16</c> (8 bits) on their tensor cores; other devices round the
    /// factors in the same way and gain no speed.
    /// </summary>
    public Precision Precision { get; init; }

    /// <summary>Metrics that the run must reach; if it misses one, the exit code is 7.</summary>
    public TargetConfig? Target { get; init; }

    public required DataConfig Data { get; init; }

    public required IReadOnlyList<LayerConfig> Model { get; init => field = Require.NotEmpty(value); }

    /// <summary>Initial weights, loaded by name: a run folder or a <c>.safetensors</c> file, also of PyTorch.</summary>
    public InitFromConfig? InitFrom { get; init; }

    /// <summary>Layers that are not trained.</summary>
    public FreezeConfig? Freeze { get; init; }

    public LossConfig Loss { get; init; } = new SoftmaxCrossEntropyConfig();

    public TrainConfig Train { get; init; } = new();

    public CheckpointConfig Checkpoint { get; init; } = new();

    public DiagnosticsConfig Diagnostics { get; init; } = new();

    /// <summary>Logs in other formats, beside <c>metrics.jsonl</c>, which is always written; one, or a list.</summary>
    [OneOrMore]
    public IReadOnlyList<LogConfig> Log { get; init; } = [];

    /// <summary>The config for given data: settings derived from the training samples, such as <c>class-weights: balanced</c>, become numbers.</summary>
    public RunConfig For(TrainingData data) => this with { Loss = Loss.Balanced(() => data.AnswerShares) };
}

/// <summary>Metrics that a run must reach by its end.</summary>
public sealed record TargetConfig : ILocated
{
    [NotConfig]
    public Mark? Source { get; init; }

    public double? TestAccuracy { get; init => field = value is double v ? Require.Between(v, 0, 1) : null; }

    public double? TestLoss { get; init => field = value is double v ? Require.NonNegative(v) : null; }

    public double? TrainLoss { get; init => field = value is double v ? Require.NonNegative(v) : null; }
}

/// <summary>The training loop: epochs, optimizer, schedule, regularization.</summary>
public sealed record TrainConfig : ILocated
{
    [NotConfig]
    public Mark? Source { get; init; }

    public int Epochs { get; init => field = Require.Positive(value); } = 10;

    public OptimizerConfig Optimizer { get; init; } = new SgdConfig();

    public ScheduleConfig Schedule { get; init; } = new ConstantSchedule();

    public ClipConfig? Clip { get; init; }

    /// <summary>Batches whose gradients are averaged for one step, with equal weight per sample: equivalent to a batch that many times as large.</summary>
    public int Accumulate { get; init => field = Require.Positive(value); } = 1;

    /// <summary>
    /// Decay d of a moving average of the weights, which is then evaluated and saved: average ← d·average + (1 - d)·weights after each step. The first steps take
    /// min(d, (1 + t) / (10 + t)) instead, t being the steps before, so that the random initial weights are soon forgotten. 0 for none.
    /// </summary>
    public double? Ema { get; init => field = value is double v ? Require.Fraction(v) : null; }

    /// <summary>Factor on the learning rate from each layer with parameters to the one before it, counted from the last: below 1, earlier layers learn more slowly.</summary>
    public double LrDecay { get; init => field = value == 0 ? Require.Positive(value) : Require.Between(value, 0, 1); } = 1;

    /// <summary>
    /// What weight decay applies to: <c>all</c> parameters, as in PyTorch's optimizers, or only the <c>weights</c> of dense and convolution layers, as is usual
    /// for transformers (not biases, normalization scales, embeddings and positions). A group with its own <c>weight-decay</c> keeps it.
    /// </summary>
    public Decayed WeightDecayOf { get; init; }

    /// <summary>Different settings for some layers. The first group that matches a layer applies.</summary>
    public IReadOnlyList<GroupConfig> Groups { get; init; } = [];

    public PenaltyConfig? Penalty { get; init; }

    public EarlyStoppingConfig? EarlyStopping { get; init; }

    /// <summary>The metric that epochs are compared by: in <c>early-stopping</c>, a <c>plateau</c> schedule and <c>keep-best: true</c> unless they name another, and for the best epoch in the summary.</summary>
    [DefaultText("`validation-loss`; without a validation part `test-loss`, without a test set `train-loss`")]
    public Metric? Monitor { get; init; }

    /// <summary>Keep the weights of the best epoch by this metric instead of the last; <c>true</c> uses that of <c>monitor</c>.</summary>
    public Metric? KeepBest { get; init; }

    /// <summary>Steps between two lines in <c>metrics.jsonl</c>; on a GPU also between two checks that the loss is finite.</summary>
    public int LogEvery { get; init => field = Require.Positive(value); } = 50;

    /// <summary>Decay of the moving average of the weights in a step: min(<see cref="Ema"/>, (1 + t) / (10 + t)).</summary>
    /// <param name="step">Steps done before, t.</param>
    public double AverageDecay(long step) => Math.Min(Ema ?? 0, (1 + step) / (10.0 + step));
}

/// <summary>Parameters that weight decay applies to.</summary>
public enum Decayed
{
    All,
    Weights,
}

/// <summary>Gradient clipping.</summary>
public sealed record ClipConfig
{
    /// <summary>Largest norm of all gradients together; larger gradients are scaled down to it.</summary>
    public double Norm { get; init => field = Require.Positive(value); }

    /// <summary>Largest absolute value of a single element; larger ones are clamped.</summary>
    public double Value { get; init => field = Require.Positive(value); }
}

/// <summary>Optimizer settings for some of the layers.</summary>
public sealed record GroupConfig : ILocated
{
    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>Paths or names of layers, or of parameters (<c>*.bias</c>); * stands for anything.</summary>
    public required IReadOnlyList<string> Layers { get; init => field = Require.NotEmpty(value); }

    /// <summary>Factor on the learning rate; 0 freezes.</summary>
    public double LrFactor { get; init => field = Require.NonNegative(value); } = 1;

    [DefaultText("the optimizer's")]
    public double? WeightDecay { get; init => field = value is double v ? Require.NonNegative(v) : null; }
}

/// <summary>Terms added to the loss: l1·Σ|w| + l2·Σw², over weights, not biases.</summary>
public sealed record PenaltyConfig
{
    public double L1 { get; init => field = Require.NonNegative(value); }

    public double L2 { get; init => field = Require.NonNegative(value); }
}

/// <summary>When to stop before the last epoch.</summary>
public sealed record EarlyStoppingConfig : ILocated
{
    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>Epochs without improvement to wait.</summary>
    [Shorthand]
    public int Patience { get; init => field = Require.Positive(value); } = 5;

    /// <summary>The metric that has to improve.</summary>
    [DefaultText("that of `train.monitor`")]
    public Metric? Metric { get; init; }

    /// <summary>Change that counts as an improvement.</summary>
    public double MinDelta { get; init => field = Require.NonNegative(value); }
}

/// <summary>When the state of the run is saved.</summary>
public sealed record CheckpointConfig
{
    /// <summary>Steps between checkpoints; 0: only at the end of each epoch.</summary>
    public int Every { get; init => field = Require.NonNegative(value); }

    /// <summary>Seconds between checkpoints; 0: never by time.</summary>
    public double Seconds { get; init => field = Require.NonNegative(value); }

    /// <summary>Stop the run if a checkpoint cannot be saved; otherwise print a warning and continue with the previous one.</summary>
    public bool Required { get; init; }

    /// <summary>Number of checkpoints to keep, besides the best.</summary>
    public int Keep { get; init => field = Require.Positive(value); } = 3;
}
