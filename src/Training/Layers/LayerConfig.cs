using System.Diagnostics.CodeAnalysis;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Initializers;

namespace GpuGrad.Training.Layers;

/// <summary>A layer of the model.</summary>
/// <remarks>Stands in one file with the layer that it builds; <see cref="LayerCatalog"/> lists all.</remarks>
public abstract record LayerConfig : IChoice<LayerConfig>, ILocated
{
    public static string What => "layer";

    public static IReadOnlyList<Choice> Choices => LayerCatalog.All;

    /// <summary>A name instead of the position: for parameter groups, dumps and weights files.</summary>
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

/// <summary>Where a layer is built: its place, what comes in and what follows.</summary>
/// <param name="Path">The layer's path in the network.</param>
/// <param name="Kind">The layer's name in the catalog.</param>
/// <param name="Input">Shape of one sample that comes in.</param>
/// <param name="Config">The layer's settings.</param>
/// <param name="Next">The activation that follows, if one does: it decides the default initialiser.</param>
public sealed record LayerSite(string Path, string Kind, Shape Input, LayerConfig Config, string? Next)
{
    /// <summary><see cref="DefaultInit"/> in words.</summary>
    public const string DefaultInitText = "`he` before relu and its kin, `lecun: normal` before selu, else `xavier`";

    /// <summary>The initialiser that keeps the variance of signals through the activation that follows.</summary>
    public InitConfig DefaultInit => Next switch
    {
        "relu" or "leaky-relu" or "elu" or "gelu" or "gelu-tanh" or "silu" or "mish" or "softplus" or "hard-swish" => new HeInit(),
        "selu" => new LecunInit { Distribution = Distribution.Normal },
        _ => new XavierInit(),
    };

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

    /// <summary>Builds inner layers in a row.</summary>
    public IReadOnlyList<Layer> Build(IReadOnlyList<LayerConfig> configs, string path, Shape input) => LayerStack.Build(configs, path, input, Next);
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
