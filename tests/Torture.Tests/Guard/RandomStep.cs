using System.Globalization;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;

namespace GpuGrad.Torture.Tests.Guard;

/// <summary>
/// A small training step drawn at random: 1 to 5 units, channels and classes, batches of 1 to 513, every layer, loss and optimizer. One in
/// eight has 16 to 40 channels, as the faster convolutions ask for. What does not fit together is drawn again.
/// </summary>
internal sealed class RandomStep
{
    private const int Most = 5;
    private const int LargestBatch = 513;
    private const long MostNumbers = 400_000; // of the samples
    private const int Attempts = 500;

    private static readonly string[] Activations =
    [
        "relu", "relu6", "leaky-relu", "elu", "selu", "gelu", "gelu-tanh", "silu", "mish", "softplus", "sigmoid", "tanh", "hard-sigmoid", "hard-swish", "hard-tanh",
    ];

    private static readonly string[] Losses = ["softmax-cross-entropy", "bce-with-logits", "hinge", "squared-hinge", "squared-error", "mse", "mae", "huber"];

    private static readonly string[] Optimizers =
    [
        "sgd: 0.01", "momentum: {lr: 0.01, weight-decay: 0.1}", "nesterov: 0.01", "adagrad: 0.01", "rmsprop: {lr: 0.01, momentum: 0.5, centered: true}",
        "adam: 0.01", "adamw: 0.01", "lion: 0.01",
    ];

    private readonly RandomStream random;
    private readonly bool wide;

    private RandomStep(ulong seed, uint attempt)
    {
        random = new RandomStream(seed, Purpose.Explore, attempt);
        wide = OneIn(8);
        Yaml = Draw();
    }

    public string Yaml { get; }

    /// <summary>The config, its network and whether samples are bytes; the same for the same seed.</summary>
    public static (LoadedConfig Config, Network Network, string Yaml) Of(ulong seed, string file)
    {
        for (uint attempt = 0; attempt < Attempts; attempt++)
        {
            var step = new RandomStep(seed, attempt);
            File.WriteAllText(file, step.Yaml);
            try
            {
                LoadedConfig loaded = RunConfigFile.Load(file);
                DataShape shape = loaded.Config.Data.KnownShape!;
                if (shape.Shape.Length * loaded.Config.Data.Batch <= MostNumbers)
                    return (loaded, ModelCheck.Check(loaded.Config, shape), step.Yaml);
            }
            catch (GpuGradException)
            {
                // Layers that do not fit each other.
            }
        }
        throw new InvalidOperationException($"seed {seed}: nothing that fits in {Attempts} attempts.");
    }

    private string Draw()
    {
        bool image = OneIn(2), table = !image && OneIn(8);
        string shape = image ? $"[{Channels()}, {Side()}, {Side()}]" : !table && OneIn(4) ? $"[{Channels()}, {Side()}]" : $"[{Whole(Most)}]";
        string answers = OneIn(2) ? $"classes: {1 + Whole(Most - 1)}" : $"targets: {Whole(Most)}";
        int last = int.Parse(answers[^1..], CultureInfo.InvariantCulture);
        var layers = new List<string>();
        if (table)
            layers.Add($"embedding: {{rows: {Whole(Most)}, width: {Whole(Most)}}}");
        for (int i = random.NextInt(5); i > 0; i--)
            layers.Add(Layer(image));
        if (image || shape.Contains(',', StringComparison.Ordinal) || table)
            layers.Add("flatten");
        layers.Add($"dense: {{units: {last}, bias: {Yes()}}}");
        string augment = image && OneIn(4) ? $", augment: [{Pick("{shift: 1}", "{flip: horizontal}", "{flip: vertical}", "{crop: 1}", "{rotate: 20}", "{erase: 1}", "{noise: 0.1}")}]" : "";
        string train = $"optimizer: {{{Pick(Optimizers)}}}" + (OneIn(4) ? ", clip: {norm: 0.5}" : OneIn(4) ? ", clip: {value: 0.1}" : "") + (OneIn(4) ? ", ema: 0.9" : "")
            + (OneIn(6) ? ", penalty: {l1: 0.01, l2: 0.01}" : "") + (OneIn(8) ? ", accumulate: 2" : "");
        return string.Create(CultureInfo.InvariantCulture, $$$"""
            seed: {{{random.NextInt(1000)}}}
            precision: {{{(OneIn(8) ? Pick("tf32", "bf16") : "float32")}}}
            data: {shape: {{{shape}}}, {{{answers}}}, batch: {{{Math.Max(Batch(), layers.Any(NeedsTwo) ? 2 : 1)}}}{{{augment}}}}
            model: [{{{string.Join(", ", layers.Select(l => l.Contains(':', StringComparison.Ordinal) ? "{" + l + "}" : l))}}}]
            loss: {{{Pick(Losses)}}}
            train: { {{{train}}} }

            """);
    }

    // A batch of one may have one value a channel.
    private static bool NeedsTwo(string layer) => layer.StartsWith("batchnorm", StringComparison.Ordinal);

    private string Layer(bool image) => random.NextInt(image ? 12 : 10) switch
    {
        0 or 1 => $"dense: {{units: {Channels()}, bias: {Yes()}}}",
        2 or 3 or 10 => Conv("conv"),
        4 => Conv("conv-transpose"),
        5 or 11 => Pool(),
        6 => Pick("batchnorm", "layernorm", $"layernorm: {{axes: {Whole(2)}}}", "groupnorm: 1", $"groupnorm: {Whole(Most)}", "batchnorm: {affine: false}"),
        7 => Pick(Activations),
        8 => Pick("dropout: 0.3", "dropout: {rate: 0.5, channels: true}", "softmax", "log-softmax", "flatten", "permute: [1, 0]", "permute: [2, 0, 1]", "global-avgpool", "global-maxpool: {ties: split}"),
        _ => Pick($"residual: [{{{Conv("conv")}}}, relu]", "residual: [relu]", $"branch: [[{{{Conv("conv")}}}], [relu]]", $"branch: {{paths: [[relu], [tanh]], join: {Pick("add", "multiply", "concat")}}}"),
    };

    private string Conv(string name) =>
        $"{name}: {{filters: {Channels()}, kernel: {Size(4)}, padding: {Padding()}, stride: {(OneIn(2) ? "1" : Size(3))}, dilation: {(OneIn(5) ? Size(2) : "1")}, groups: {(OneIn(4) ? Channels() : 1)}, bias: {Yes()}}}";

    private string Pool()
    {
        string name = Pick("maxpool", "avgpool"), more = name == "maxpool" ? $", ties: {Pick("first", "split")}" : $", count-padding: {Yes()}";
        return $"{name}: {{kernel: {(OneIn(2) ? "2" : Size(3))}{(OneIn(2) ? $", stride: {Size(3)}, padding: {Padding()}" : "")}{more}}}";
    }

    private string Padding() => OneIn(2) ? "same" : OneIn(2) ? "0" : $"[{random.NextInt(3)}, {random.NextInt(3)}, {random.NextInt(3)}, {random.NextInt(3)}]";

    private string Size(int most) => OneIn(3) ? $"[{Whole(most)}, {Whole(most)}]" : Whole(most).ToString(CultureInfo.InvariantCulture);

    private int Channels() => wide && OneIn(2) ? 16 + random.NextInt(25) : Whole(Most);

    private int Side() => OneIn(6) ? 8 + random.NextInt(12) : Whole(9);

    private int Batch() => OneIn(2) ? Whole(40) : Whole(LargestBatch);

    private int Whole(int most) => 1 + random.NextInt(most);

    private bool OneIn(int count) => random.NextInt(count) == 0;

    private string Yes() => OneIn(4) ? "false" : "true";

    private string Pick(params ReadOnlySpan<string> choices) => choices[random.NextInt(choices.Length)];
}
