using System.Globalization;

namespace GpuGrad.Training.Starters;

/// <summary>A network and training settings for samples of one axis, chosen by the number of samples: good on many tables, the best for none.</summary>
internal sealed record Recipe
{
    // At this rate the decay of few samples, 0.1, is too strong for the many steps of more: R² of 4,117 taxi rides 0.898, with 0.01 0.932.
    private const int VeryFew = 2000, Few = 5000, Some = 20_000, Many = 50_000;

    /// <summary>Units of each hidden layer.</summary>
    public required IReadOnlyList<int> Hidden { get; init; }

    public required double Dropout { get; init; }

    public required int Epochs { get; init; }

    public required int Batch { get; init; }

    public required double Rate { get; init; }

    public required double Decay { get; init; }

    /// <summary>Share of the samples that is held back to choose the best epoch.</summary>
    public required double Validation { get; init; }

    /// <summary>Share of the samples that is held back for the final evaluation.</summary>
    public required double Test { get; init; }

    /// <summary>Decay of the moving average of the weights; 0 for none.</summary>
    public double Ema { get; init; } = 0.99;

    /// <summary>The lines after each hidden layer: activation and dropout.</summary>
    public string Activation { get; init; } = "relu";

    /// <summary>The metric by which the best epoch is chosen.</summary>
    public string Monitor { get; init; } = "validation-loss";

    public int Patience => Math.Max(5, Epochs / 3);

    /// <param name="samples">Number of training samples.</param>
    /// <param name="isClass">Whether the task is classification; for regression dropout does harm, and a smooth activation does at least as well as relu.</param>
    public static Recipe Of(long samples, bool isClass) => samples switch
    {
        < Few => new() { Hidden = [100], Dropout = isClass ? 0.2 : 0, Activation = isClass ? "relu" : "silu", Epochs = 80, Batch = 32, Rate = 0.01, Decay = samples < VeryFew ? 0.1 : 0.01, Validation = 0.15, Test = 0.2 },
        < Some => new() { Hidden = [128, 64], Dropout = isClass ? 0.1 : 0, Activation = isClass ? "relu" : "silu", Epochs = 60, Batch = 32, Rate = 0.003, Decay = 0.1, Validation = 0.1, Test = 0.2 },
        < Many => new() { Hidden = [128, 64], Dropout = isClass ? 0.1 : 0, Activation = isClass ? "relu" : "silu", Epochs = 30, Batch = 128, Rate = 0.005, Decay = 0.1, Validation = 0.1, Test = 0.2 },
        _ => new() { Hidden = [256, 128], Dropout = isClass ? 0.1 : 0, Activation = isClass ? "relu" : "silu", Epochs = 15, Batch = 512, Rate = 0.005, Decay = 0.1, Validation = 0.05, Test = 0.1 },
    };

    /// <summary>For windows of a series, which have many similar inputs: a low learning rate and dropout; with few windows, many epochs.</summary>
    /// <param name="windows">Number of training windows.</param>
    public static Recipe OfSeries(long windows) => windows switch
    {
        < 1000 => new() { Hidden = [100], Dropout = 0, Epochs = 250, Batch = 16, Rate = 0.005, Decay = 0.1, Validation = 0.15, Test = 0.2 },
        < Some => new() { Hidden = [100], Dropout = 0.2, Activation = "silu", Epochs = 60, Batch = 32, Rate = 0.003, Decay = 0.1, Validation = 0.15, Test = 0.2 },
        _ => new() { Hidden = [128], Dropout = 0.2, Activation = "silu", Epochs = 15, Batch = 128, Rate = 0.002, Decay = 0.1, Validation = 0.1, Test = 0.2 },
    };

    /// <summary>Writes the layers, one per line.</summary>
    /// <param name="yaml">The config.</param>
    /// <param name="outputs">Number of outputs.</param>
    /// <param name="meaning">Their meaning, for the comment.</param>
    /// <param name="flatten">Whether samples have several axes.</param>
    public void WriteModel(CommentedYaml yaml, int outputs, string meaning, bool flatten = false)
    {
        yaml.Add("model:");
        if (flatten)
            yaml.Add("  - flatten");
        foreach (int units in Hidden)
        {
            yaml.Add(Text($"  - dense: {units}")).Add($"  - {Activation}");
            if (Dropout > 0)
                yaml.Add(Text($"  - dropout: {Dropout}"));
        }
        yaml.Add(Text($"  - dense: {outputs}"), meaning);
    }

    /// <summary>Writes the section <c>train:</c>.</summary>
    public void WriteTraining(CommentedYaml yaml)
    {
        yaml.Add("train:");
        yaml.Add(Text($"  epochs: {Epochs}"));
        yaml.Add(Text($"  optimizer: {{adamw: {{lr: {Rate}, weight-decay: {Decay}}}}}"));
        if (Ema > 0)
            yaml.Add(Text($"  ema: {Ema}"), "a moving average of the weights is evaluated and kept");
        yaml.Add("  schedule: one-cycle", "the learning rate rises and falls once");
        if (Monitor == "validation-loss")
        {
            yaml.Add("  keep-best: validation-loss", "the weights of the best epoch are kept");
            yaml.Add(Text($"  early-stopping: {Patience}"), "epochs without a better validation loss");
            return;
        }
        yaml.Add($"  monitor: {Monitor}", "the metric that epochs are compared by, on the validation rows");
        yaml.Add("  keep-best: true", "the weights of the epoch with the best value are kept");
        yaml.Add(Text($"  early-stopping: {Patience}"), "epochs without a better value");
    }

    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
