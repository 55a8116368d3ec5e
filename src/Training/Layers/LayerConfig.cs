using System.Diagnostics.CodeAnalysis;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

/// <summary>A layer of the model.</summary>
/// <remarks>Stands in one file with the layer that it builds; <see cref="LayerCatalog"/> lists all.</remarks>
public abstract record LayerConfig : IChoice<LayerConfig>, ILocated
{
    public static string What => "layer";

    public static IReadOnlyList<Choice> Choices => LayerCatalog.All;

    /// <summary>Name of the layer in parameter groups, dumps and weights files.</summary>
    [DefaultText("its position")]
    public string? Name { get; init => field = LayerNames.Check(value); }

    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>True for the second and later times of a repeated layer.</summary>
    [NotConfig]
    internal bool Copy { get; init; }

    /// <summary>Builds the layer for an input.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: the input does not fit; the message gives both shapes.</exception>
    public abstract Layer Build(LayerSite site);
}

/// <summary>Context in which a layer is built: its path, its input and what follows.</summary>
/// <param name="Path">The layer's path in the network.</param>
/// <param name="Kind">The layer's name in the catalog.</param>
/// <param name="Input">Shape of one sample that comes in.</param>
/// <param name="Config">The layer's settings.</param>
/// <param name="Next">What follows it: that decides the default initialisers.</param>
public sealed record LayerSite(string Path, string Kind, Shape Input, LayerConfig Config, Follower Next)
{
    /// <summary><see cref="DefaultInit"/> in words.</summary>
    public const string DefaultInitText = "`lecun: {gain: 0.577}` (PyTorch's) before a normalisation and in the last of several layers, `he` before relu and its kin, `lecun: normal` before selu, else `xavier`";

    /// <summary><see cref="DefaultBiasInit"/> in words.</summary>
    public const string DefaultBiasInitText = "`lecun: {gain: 0.577}` (PyTorch's); `zeros` before a normalisation, in the last layer, and where `init` is given";

    // Uniform within ±1/√fan-in, as torch.nn.Linear and Conv2d begin.
    private static readonly LecunInit Small = new() { Gain = 1 / Math.Sqrt(3) };

    /// <summary>
    /// The initialiser that keeps the variance of signals through the activation that follows. A normalisation makes the scale of weights
    /// ahead of it nothing but a divisor of their learning rate: there it is PyTorch's, so that rates mean the same. The last layer begins small,
    /// so that the network begins sure of nothing; a layer by itself has no others to keep quiet, and a convex loss from wherever it begins.
    /// </summary>
    public InitConfig DefaultInit => IsScaleFree && !Next.IsOnly ? Small : Next.Activation switch
    {
        "relu" or "relu6" or "leaky-relu" or "prelu" or "elu" or "gelu" or "gelu-tanh" or "silu" or "mish" or "softplus" or "hard-swish" => new HeInit(),
        "selu" => new LecunInit { Distribution = Distribution.Normal },
        _ => new XavierInit(),
    };

    /// <summary>
    /// How biases begin. With all of them 0 the kinks of the first layer's units would all pass through the middle of the inputs, which few
    /// inputs do not make up for.
    /// </summary>
    /// <param name="weights">The initialiser that the config gives the weights; null for the default. Who sets the scale of signals wants no other besides.</param>
    public InitConfig DefaultBiasInit(InitConfig? weights) => IsScaleFree || weights is not null ? new ConstantInit() : Small;

    /// <summary>The weight of a layer and the bias of its outputs, with PyTorch's names.</summary>
    /// <param name="shape">Of the weights.</param>
    /// <param name="biases">How many there are; 0 for none.</param>
    /// <param name="fan">Inputs that one output sums up, outputs that one input reaches.</param>
    /// <param name="init">The initialiser that the config gives the weights; null for the default.</param>
    /// <param name="biasInit">The same of the biases.</param>
    internal (Parameter Weight, Parameter? Bias) Weights(Shape shape, int biases, (int In, int Out) fan, InitConfig? init, InitConfig? biasInit)
    {
        var weight = new Parameter($"{Path}.weight", Path, shape) { Penalized = true, Init = init ?? DefaultInit, FanIn = fan.In, FanOut = fan.Out };
        Parameter? bias = biases == 0 ? null : new Parameter($"{Path}.bias", Path, new Shape(biases)) { Init = biasInit ?? DefaultBiasInit(init), FanIn = fan.In, FanOut = fan.Out };
        return (weight, bias);
    }

    private bool IsScaleFree => Next.Normalized || Next is { IsLast: true, Activation: null };

    /// <summary>Refuses the layer, naming its place in the config.</summary>
    [DoesNotReturn]
    public void Fail(string message) => throw ConfigException.At(Config.Source, Config.Source is null ? $"layer {Path} ({Kind}): {message}" : $"{Kind}: {message}");

    public void Require([DoesNotReturnIf(false)] bool condition, string message)
    {
        if (!condition)
            Fail(message);
    }

    /// <summary>The input must have this many axes.</summary>
    public void RequireRank(int rank, string meaning, string remedy) =>
        Require(Input.Rank == rank, $"its input has shape {Input}; expected {meaning}{(remedy.Length > 0 ? "; " + remedy : "")}");

    /// <summary>The layers built before it, by path.</summary>
    public Dictionary<string, Layer> Known { get; init; } = [];

    /// <summary>Whether what comes in are the samples as they are.</summary>
    public bool IsFirst => Known.Count == 0;

    /// <summary>Builds inner layers in a row.</summary>
    public IReadOnlyList<Layer> Build(IReadOnlyList<LayerConfig> configs, string path, Shape input) => LayerStack.Build(configs, path, input, Next, Known);
}

/// <summary>What follows a layer.</summary>
/// <param name="Activation">The first activation behind it, through layers that keep a signal's scale; null for none.</param>
/// <param name="Normalized">Whether a normalisation comes before that.</param>
/// <param name="IsLast">Whether no layer with weights comes behind it.</param>
public readonly record struct Follower(string? Activation, bool Normalized, bool IsLast)
{
    /// <summary>Whether none comes ahead of it either: a linear model.</summary>
    public bool IsOnly { get; init; }

    /// <summary>Behind the network's own list of layers.</summary>
    public static Follower Nothing => new(null, false, true);
}

internal static class LayerNames
{
    /// <summary>Letters, digits, <c>-</c> and <c>_</c>, a letter first: a name becomes part of a parameter's name and must not look like a position.</summary>
    public static string? Check(string? name)
    {
        if (name is null || (name.Length > 0 && char.IsAsciiLetter(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')))
            return name;
        throw new ConfigValueException($"'{name}'", "a letter, then letters, digits, '-' or '_'");
    }
}
