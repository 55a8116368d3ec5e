using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Augmenting;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Logs;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Optimizers;
using GpuGrad.Training.Schedules;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>An example of everything that a config can choose, for docs/config.md. What needs no settings, or numbers alone, may do without one.</summary>
internal static class ConfigExamples
{
    // How the example stands in a config.
    private static readonly Dictionary<Type, string> Frames = new()
    {
        [typeof(LayerConfig)] = "- {0}",
        [typeof(LossConfig)] = "loss: {0}",
        [typeof(DatasetConfig)] = "dataset: {0}",
        [typeof(AugmentConfig)] = "augment: [{0}]",
        [typeof(InitConfig)] = "init: {0}",
        [typeof(OptimizerConfig)] = "optimizer: {0}",
        [typeof(ScheduleConfig)] = "schedule: {0}",
        [typeof(ColumnConfig)] = "columns: {{age: {0}}}",
        [typeof(LogConfig)] = "log: [{0}]",
    };

    private static readonly Dictionary<(Type, string), string> Given = new()
    {
        [(typeof(LayerConfig), "dense")] = "dense: {units: 10, bias: false}",
        [(typeof(LayerConfig), "conv")] = "conv: {filters: 16, kernel: 3, padding: same}",
        [(typeof(LayerConfig), "conv-transpose")] = "conv-transpose: {filters: 8, kernel: 2, stride: 2}",
        [(typeof(LayerConfig), "maxpool")] = "maxpool: {kernel: 3, stride: 2}",
        [(typeof(LayerConfig), "avgpool")] = "avgpool: 2",
        [(typeof(LayerConfig), "upsample")] = "upsample: {factor: 2, mode: bilinear}",
        [(typeof(LayerConfig), "batchnorm")] = "batchnorm: {momentum: 0.05}",
        [(typeof(LayerConfig), "layernorm")] = "layernorm: {axes: 1}",
        [(typeof(LayerConfig), "groupnorm")] = "groupnorm: 4",
        [(typeof(LayerConfig), "dropout")] = "dropout: 0.3",
        [(typeof(LayerConfig), "embedding")] = "embedding: {rows: 100, width: 16}",
        [(typeof(LayerConfig), "attention")] = "attention: {heads: 4, causal: true}",
        [(typeof(LayerConfig), "transformer")] = "transformer: {heads: 4, causal: true, dropout: 0.1}",
        [(typeof(LayerConfig), "permute")] = "permute: [1, 2, 0]",
        [(typeof(LayerConfig), "reshape")] = "reshape: [16, 49]",
        [(typeof(LayerConfig), "residual")] = "residual: [{conv: {filters: 8, kernel: 3, padding: same}}, relu]",
        [(typeof(LayerConfig), "branch")] = "branch: {paths: [[{conv: {filters: 4, kernel: 1}}], [{maxpool: {kernel: 3, stride: 1, padding: 1}}]], join: concat}",
        [(typeof(LayerConfig), "repeat")] = "repeat: {times: 2, layers: [{conv: {filters: 8, kernel: 3, padding: same}}, relu]}",
        [(typeof(LayerConfig), "prelu")] = "prelu: {slopes: channel}",
        [(typeof(LayerConfig), "leaky-relu")] = "leaky-relu: 0.1",
        [(typeof(LossConfig), "softmax-cross-entropy")] = "softmax-cross-entropy: {label-smoothing: 0.1}",
        [(typeof(LossConfig), "bce-with-logits")] = "bce-with-logits: {positive-weight: 5}",
        [(typeof(LossConfig), "hinge")] = "hinge: 0.5",
        [(typeof(LossConfig), "huber")] = "huber: 0.5",
        [(typeof(LossConfig), "focal")] = "focal: {gamma: 2, class-weights: balanced}",
        [(typeof(LossConfig), "quantile")] = "quantile: 0.9",
        [(typeof(LossConfig), "combined")] = "combined: {losses: [softmax-cross-entropy, focal], weights: [1, 0.5]}",
        [(typeof(DatasetConfig), "mnist")] = "mnist: mnist-folder",
        [(typeof(DatasetConfig), "idx")] = "idx: {images: train-images.gz, labels: train-labels.gz, test-images: test-images.gz, test-labels: test-labels.gz}",
        [(typeof(DatasetConfig), "cifar10")] = "cifar10: cifar-10-batches-bin",
        [(typeof(DatasetConfig), "cifar100")] = "cifar100: {path: cifar-100-binary, labels: coarse}",
        [(typeof(DatasetConfig), "csv")] = "csv: {path: flats.csv, targets: [price], columns: {built: number, id: ignore}}",
        [(typeof(DatasetConfig), "jsonl")] = "jsonl: {path: customers.jsonl, label: churned}",
        [(typeof(DatasetConfig), "parquet")] = "parquet: {path: customers.parquet, label: churned}",
        [(typeof(DatasetConfig), "npz")] = "npz: {path: data.npz, x: x_train, y: y_train, test-x: x_test, test-y: y_test}",
        [(typeof(DatasetConfig), "npy")] = "npy: {x: x.npy, y: y.npy}",
        [(typeof(DatasetConfig), "images")] = "images: {path: photos, resize: {size: 64, method: crop}}",
        [(typeof(DatasetConfig), "series")] = "series: {path: movements, labels: classes.csv}",
        [(typeof(DatasetConfig), "text")] = "text: {path: book.txt, tokens: characters, context: 64}",
        [(typeof(DatasetConfig), "tags")] = "tags: {path: train.conll, test: test.conll}",
        [(typeof(DatasetConfig), "digits")] = "digits: {train: 2000, test: 500}",
        [(typeof(DatasetConfig), "shapes")] = "shapes: {size: 32, classes: 3}",
        [(typeof(DatasetConfig), "spirals")] = "spirals: {classes: 3, turns: 1}",
        [(typeof(DatasetConfig), "moons")] = "moons: {noise: 0.2}",
        [(typeof(DatasetConfig), "random")] = "random: {shape: [3, 32, 32], classes: 10}",
        [(typeof(DatasetConfig), "linear")] = "linear: {features: 4, targets: 2}",
        [(typeof(AugmentConfig), "flip")] = "flip: horizontal",
        [(typeof(AugmentConfig), "shift")] = "shift: 2",
        [(typeof(AugmentConfig), "crop")] = "crop: 4",
        [(typeof(AugmentConfig), "rotate")] = "rotate: 15",
        [(typeof(AugmentConfig), "erase")] = "erase: {probability: 0.5, area: 0.1}",
        [(typeof(AugmentConfig), "color-jitter")] = "color-jitter: {brightness: 0.2, contrast: 0.2}",
        [(typeof(AugmentConfig), "mixup")] = "mixup: 0.2",
        [(typeof(AugmentConfig), "cutmix")] = "cutmix: 1",
        [(typeof(AugmentConfig), "noise")] = "noise: 0.1",
        [(typeof(InitConfig), "constant")] = "constant: 0.1",
        [(typeof(InitConfig), "uniform")] = "uniform: {low: -0.1, high: 0.1}",
        [(typeof(InitConfig), "normal")] = "normal: 0.02",
        [(typeof(InitConfig), "xavier")] = "xavier: normal",
        [(typeof(InitConfig), "lecun")] = "lecun: {gain: 0.577}",
        [(typeof(OptimizerConfig), "sgd")] = "sgd: {lr: 0.1, momentum: 0.9, nesterov: true}",
        [(typeof(OptimizerConfig), "adam")] = "adam: {lr: 0.001}",
        [(typeof(OptimizerConfig), "adamw")] = "adamw: {lr: 0.001, weight-decay: 0.05}",
        [(typeof(OptimizerConfig), "lion")] = "lion: {lr: 1e-4}",
        [(typeof(ScheduleConfig), "constant")] = "constant: {warmup: 100}",
        [(typeof(ScheduleConfig), "step")] = "step: {every: 5, by: 0.5}",
        [(typeof(ScheduleConfig), "multi-step")] = "multi-step: {epochs: [3, 6], by: 0.1}",
        [(typeof(ScheduleConfig), "exponential")] = "exponential: 0.9",
        [(typeof(ScheduleConfig), "polynomial")] = "polynomial: 2",
        [(typeof(ScheduleConfig), "cosine")] = "cosine: {warmup: 100}",
        [(typeof(ScheduleConfig), "one-cycle")] = "one-cycle: {rise: 0.2}",
        [(typeof(ScheduleConfig), "plateau")] = "plateau: {by: 0.5, patience: 3}",
        [(typeof(ColumnConfig), "number")] = "number: {missing: median}",
        [(typeof(ColumnConfig), "category")] = "category: {missing: most-frequent}",
        [(typeof(ColumnConfig), "date")] = "date: [weekday, hour]",
    };

    // Units of a layer, heads of 16 features.
    private const int Number = 8;

    /// <summary>Of a choice; null where it needs settings and has none.</summary>
    public static string? Of(Type type, Choice choice)
    {
        if (Given.TryGetValue((type, choice.Name), out string? given))
            return given.Contains(": ", StringComparison.Ordinal) ? $"{{{given}}}" : given;
        if (!choice.NeedsSettings)
            return choice.Name;
        ConfigRecord record = ConfigRecord.Of(choice.Type, choice.KeyNames);
        var needed = record.Properties.Where(p => record.Required.Contains(p.Key)).ToList();
        return needed.TrueForAll(p => p.Value.PropertyType == typeof(int)) ? $"{{{choice.Name}: {{{string.Join(", ", needed.Select(p => $"{p.Key}: {Number}"))}}}}}" : null;
    }

    /// <summary>The line of a config that it stands in.</summary>
    public static string InConfig(Type type, string example)
    {
        string frame = Frames.GetValueOrDefault(type, "{0}");
        // An item of a list is not in braces, as people write it.
        string bare = frame == "- {0}" && example.StartsWith('{') ? example[1..^1] : example;
        return string.Format(System.Globalization.CultureInfo.InvariantCulture, frame, bare);
    }

    /// <summary>Examples of what a config cannot choose any more.</summary>
    public static IEnumerable<string> Left() => Given.Keys.Where(k => ChoiceTable.Of(k.Item1).Choices.All(c => c.Name != k.Item2)).Select(k => k.Item2);

    /// <summary>What a config can choose among.</summary>
    public static IEnumerable<Type> Types => Frames.Keys;
}
