using System.Diagnostics.CodeAnalysis;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

/// <summary>Settings of a layer of the model.</summary>
/// <remarks>Defined in the file of the layer that it builds; <see cref="LayerCatalog"/> lists all.</remarks>
public abstract record LayerConfig : IChoice<LayerConfig>, ILocated
{
    public static string What => "layer";

    public static IReadOnlyList<Choice> Choices => LayerCatalog.All;

    /// <summary>Name of the layer in parameter groups, dumps and weights files.</summary>
    [DefaultText("its position")]
    public string? Name { get; init => field = LayerNames.Check(value); }

    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>Whether it is the second or a later copy in a repeated block.</summary>
    [NotConfig]
    internal bool Copy { get; init; }

    /// <summary>Builds the layer for its input.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: the input does not fit; the message gives both shapes.</exception>
    public abstract Layer Build(LayerSite site);
}

/// <summary>Context in which a layer is built: its path, its input and what follows.</summary>
/// <param name="Path">The layer's path in the network.</param>
/// <param name="Kind">Shape of one input sample.</param>
/// <param name="Input">Shape of one sample that comes in.</param>
/// <param name="Config">The layer's settings.</param>
/// <param name="Next">What follows the layer: this decides the default initialisers.</param>
public sealed record LayerSite(string Path, string Kind, Shape Input, LayerConfig Config, Follower Next)
{
    /// <summary>Description of <see cref="DefaultInit"/>.</summary>
    public const string DefaultInitText = "`lecun: {gain: 0.577}` (PyTorch's) before a normalisation and in the last of several layers, `he` before relu and its kin, `lecun: normal` before selu, else `xavier`";

    /// <summary>Description of <see cref="DefaultBiasInit"/>.</summary>
    public const string DefaultBiasInitText = "`lecun: {gain: 0.577}` (PyTorch's); `zeros` before a normalisation, in the last layer, and where `init` is given";

    // Uniform within ±1/√fan-in, the default of torch.nn.Linear and Conv2d.
    private static readonly LecunInit Small = new() { Gain = 1 / Math.Sqrt(3) };

    /// <summary>
    /// The initialiser that keeps the variance of signals through the activation that follows. Before a normalisation the scale of weights
    /// only divides their learning rate: there it is PyTorch's, so that rates mean the same. The last layer starts small,
    /// so that the first outputs are near 0; a linear model has no hidden signals to preserve, and a convex loss wherever it starts.
    /// </summary>
    public InitConfig DefaultInit => IsScaleFree && !Next.IsOnly ? Small : Next.Activation switch
    {
        "relu" or "relu6" or "leaky-relu" or "prelu" or "elu" or "gelu" or "gelu-tanh" or "silu" or "mish" or "softplus" or "hard-swish" => new HeInit(),
        "selu" => new LecunInit { Distribution = Distribution.Normal },
        _ => new XavierInit(),
    };

    /// <summary>
    /// Initialiser of biases. If all biases were 0, the kinks of all units of the first layer would pass through the centre of the inputs, which harms
    /// a network with few inputs.
    /// </summary>
    /// <param name="weights">The initialiser that the config gives for the weights; null for the default. If the config sets it, biases start at 0.</param>
    public InitConfig DefaultBiasInit(InitConfig? weights) => IsScaleFree || weights is not null ? new ConstantInit() : Small;

    /// <summary>The weight and bias of a layer, with PyTorch's names.</summary>
    /// <param name="shape">Shape of the weights.</param>
    /// <param name="biases">Number of biases; 0 for none.</param>
    /// <param name="fan">Number of inputs that one output sums, and of outputs that one input reaches.</param>
    /// <param name="init">The initialiser that the config gives for the weights; null for the default.</param>
    /// <param name="biasInit">The initialiser that the config gives for the biases; null for the default.</param>
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

    /// <summary>Requires this number of axes in the input.</summary>
    public void RequireRank(int rank, string meaning, string remedy) =>
        Require(Input.Rank == rank, $"its input has shape {Input}; expected {meaning}{(remedy.Length > 0 ? "; " + remedy : "")}");

    /// <summary>The groups of a convolution must divide its input channels and its filters.</summary>
    /// <param name="groups">Number of groups.</param>
    /// <param name="channels">Number of input channels.</param>
    /// <param name="what">The word for input channels in messages.</param>
    /// <param name="filters">Number of filters.</param>
    public void RequireGroups(int groups, int channels, string what, int filters)
    {
        Require(channels % groups == 0, $"{groups} groups of {channels} {what}; expected a number that divides the {what}");
        Require(filters % groups == 0, $"{groups} groups of {filters} filters; expected a number that divides the filters");
    }

    /// <summary>The layers built before this one, by path.</summary>
    public Dictionary<string, Layer> Known { get; init; } = [];

    /// <summary>Whether its input is the raw samples.</summary>
    public bool IsFirst => Known.Count == 0;

    /// <summary>Builds a sequence of inner layers.</summary>
    public IReadOnlyList<Layer> Build(IReadOnlyList<LayerConfig> configs, string path, Shape input) => LayerStack.Build(configs, path, input, Next, Known);
}

/// <summary>Describes what follows a layer.</summary>
/// <param name="Activation">The first activation after it, looking through layers that keep a signal's scale; null for none.</param>
/// <param name="Normalized">Whether a normalisation comes before that.</param>
/// <param name="IsLast">Whether no layer with weights follows.</param>
public readonly record struct Follower(string? Activation, bool Normalized, bool IsLast)
{
    /// <summary>Whether no layer with weights comes before it either: a linear model.</summary>
    public bool IsOnly { get; init; }

    /// <summary>The end of the network's own list of layers.</summary>
    public static Follower Nothing => new(null, false, true);
}

internal static class LayerNames
{
    /// <summary>Checks a name: letters, digits, <c>-</c> and <c>_</c>, a letter first. It becomes part of parameter names and must not look like a position.</summary>
    public static string? Check(string? name)
    {
        if (name is null || (name.Length > 0 && char.IsAsciiLetter(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')))
            return name;
        throw new ConfigValueException($"'{name}'", "a letter, then letters, digits, '-' or '_'");
    }
}
