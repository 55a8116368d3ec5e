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

/// <summary>An experiment: what a config file holds.</summary>
public sealed record RunConfig
{
    /// <summary>Name of the experiment and of its run folders; the file's name if none is given.</summary>
    [DefaultText("the file's name")]
    public string Name { get; init => field = Require.NotEmpty(value); } = "run";

    /// <summary>Decides every random number of the run.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary><c>auto</c>, <c>cpu</c>, <c>cuda[:i]</c>, <c>opencl[:i]</c>, <c>emulated</c> or <c>reference</c>.</summary>
    public string Device { get; init => field = Require.NotEmpty(value); } = "auto";

    /// <summary>Relative paths in the config are relative to this; the folder of the config file if none is given.</summary>
    [DefaultText("the config file's folder")]
    public string? Folder { get; init => field = value is null ? null : Require.NotEmpty(value); }

    /// <summary>Threads of the cpu device; 0 for one a processor.</summary>
    public int Threads { get; init => field = Require.Between(value, 0, 1024); }

    /// <summary>
    /// How exact the factors of products and convolutions are, forward and backward; everything else is float32, sums too. CUDA devices of
    /// compute capability 8.0 and newer multiply <c>tf32</c> (11 bits) and <c>bf16</c> (8 bits) on their tensor cores; other devices round the
    /// factors alike and gain no speed.
    /// </summary>
    public Precision Precision { get; init; }

    /// <summary>What the run must reach; missed, the exit code is 7.</summary>
    public TargetConfig? Target { get; init; }

    public required DataConfig Data { get; init; }

    public required IReadOnlyList<LayerConfig> Model { get; init => field = Require.NotEmpty(value); }

    /// <summary>Weights to begin with in place of random ones, by name: a run folder or a <c>.safetensors</c> file, also of PyTorch.</summary>
    public InitFromConfig? InitFrom { get; init; }

    /// <summary>Layers that training leaves as they are.</summary>
    public FreezeConfig? Freeze { get; init; }

    public LossConfig Loss { get; init; } = new SoftmaxCrossEntropyConfig();

    public TrainConfig Train { get; init; } = new();

    public CheckpointConfig Checkpoint { get; init; } = new();

    public DiagnosticsConfig Diagnostics { get; init; } = new();

    /// <summary>Logs for other programs, beside <c>metrics.jsonl</c>, which is always written; one, or a list.</summary>
    [OneOrMore]
    public IReadOnlyList<LogConfig> Log { get; init; } = [];

    /// <summary>The same for its data: what is left to the training samples, such as <c>class-weights: balanced</c>, becomes numbers.</summary>
    public RunConfig For(TrainingData data) => this with { Loss = Loss.Balanced(() => data.AnswerShares) };
}

/// <summary>Figures that a run must reach at its end.</summary>
public sealed record TargetConfig : ILocated
{
    [NotConfig]
    public Mark? Source { get; init; }

    public double? TestAccuracy { get; init => field = value is double v ? Require.Between(v, 0, 1) : null; }

    public double? TestLoss { get; init => field = value is double v ? Require.NonNegative(v) : null; }

    public double? TrainLoss { get; init => field = value is double v ? Require.NonNegative(v) : null; }
}

/// <summary>How training goes.</summary>
public sealed record TrainConfig : ILocated
{
    [NotConfig]
    public Mark? Source { get; init; }

    public int Epochs { get; init => field = Require.Positive(value); } = 10;

    public OptimizerConfig Optimizer { get; init; } = new SgdConfig();

    public ScheduleConfig Schedule { get; init; } = new ConstantSchedule();

    public ClipConfig? Clip { get; init; }

    /// <summary>Batches whose gradients are averaged for one step, every sample counting alike: a step as of one batch so many times as large.</summary>
    public int Accumulate { get; init => field = Require.Positive(value); } = 1;

    /// <summary>Decay of a moving average of the weights, which is then evaluated and saved; 0 for none.</summary>
    [NotConfig]
    public double EmaDecay => Ema ?? 0;

    public double? Ema { get; init => field = value is double v ? Require.Fraction(v) : null; }

    /// <summary>Factor on the learning rate from each layer with parameters to the one before it, counted from the last: below 1, early layers change less.</summary>
    public double LrDecay { get; init => field = value == 0 ? Require.Positive(value) : Require.Between(value, 0, 1); } = 1;

    /// <summary>
    /// What the optimizer's weight decay pulls towards 0: <c>all</c> parameters, as PyTorch's optimizers do, or only the <c>weights</c> of products and convolutions, as
    /// transformers are trained: not biases, factors of normalisations, tables of embeddings and positions. A group with a <c>weight-decay</c> of its own keeps it.
    /// </summary>
    public Decayed WeightDecayOf { get; init; }

    /// <summary>Other settings for some layers. The first group that names a layer is its group.</summary>
    public IReadOnlyList<GroupConfig> Groups { get; init; } = [];

    public PenaltyConfig? Penalty { get; init; }

    public EarlyStoppingConfig? EarlyStopping { get; init; }

    /// <summary>What an epoch is judged by: for <c>early-stopping</c>, a <c>plateau</c> schedule and <c>keep-best: true</c> where they name nothing else, and for the best epoch in the summary.</summary>
    [DefaultText("`validation-loss`; without a validation part `test-loss`, without a test set `train-loss`")]
    public Metric? Monitor { get; init; }

    /// <summary>Keep the weights of the best epoch by this figure instead of the last; <c>true</c> for that of <c>monitor</c>.</summary>
    public Metric? KeepBest { get; init; }

    /// <summary>Steps between two lines in <c>metrics.jsonl</c>; on a GPU also between two looks whether the loss is still finite.</summary>
    public int LogEvery { get; init => field = Require.Positive(value); } = 50;
}

/// <summary>What weight decay is about.</summary>
public enum Decayed
{
    All,
    Weights,
}

/// <summary>Limits on gradients.</summary>
public sealed record ClipConfig
{
    /// <summary>Largest norm of all gradients together; they are scaled down to it.</summary>
    public double Norm { get; init => field = Require.Positive(value); }

    /// <summary>Largest size of a single gradient; it is cut off there.</summary>
    public double Value { get; init => field = Require.Positive(value); }
}

/// <summary>Optimizer settings for some layers.</summary>
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

    /// <summary>Epochs without a better figure that are waited for.</summary>
    [Shorthand]
    public int Patience { get; init => field = Require.Positive(value); } = 5;

    /// <summary>What has to get better.</summary>
    [DefaultText("that of `train.monitor`")]
    public Metric? Metric { get; init; }

    /// <summary>Change that counts as better.</summary>
    public double MinDelta { get; init => field = Require.NonNegative(value); }
}

/// <summary>When the state of a run is saved.</summary>
public sealed record CheckpointConfig
{
    /// <summary>Steps between two; 0: at the end of every epoch only.</summary>
    public int Every { get; init => field = Require.NonNegative(value); }

    /// <summary>Seconds between two; 0 for no clock.</summary>
    public double Seconds { get; init => field = Require.NonNegative(value); }

    /// <summary>Stop the run when one cannot be saved; else it says so and goes on with the one before.</summary>
    public bool Required { get; init; }

    /// <summary>How many are kept, besides the best.</summary>
    public int Keep { get; init => field = Require.Positive(value); } = 3;
}
