using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Transfer;

/// <summary>
/// Layers that are not trained: no gradient is computed for them, the optimizer skips them, and batch norms among them use their running statistics without
/// updating them.
/// </summary>
public sealed record FreezeConfig : ILocated
{
    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>Paths or names of layers, or of parameters (<c>*.bias</c>); * matches any characters.</summary>
    [Shorthand]
    public required IReadOnlyList<string> Layers { get; init => field = Require.NotEmpty(value); }

    /// <summary>Exceptions to <c>layers</c>, which are trained.</summary>
    public IReadOnlyList<string> Except { get; init; } = [];

    /// <summary>Whether a parameter or a running statistic is frozen.</summary>
    public bool Includes(Parameter parameter) =>
        Layers.Any(p => NamePattern.Names(p, parameter)) && !Except.Any(p => NamePattern.Names(p, parameter));

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: a pattern matches nothing, or nothing is left to train.</exception>
    internal void Check(Network network)
    {
        if (Layers.Concat(Except).FirstOrDefault(pattern => !network.Parameters.Any(p => NamePattern.Names(pattern, p))) is string useless)
            throw ConfigException.At(Source, $"freeze: '{useless}' names no parameter; there are {NamePattern.Listed(network)}");
        if (network.Parameters.Where(p => p.Trained).All(Includes))
            throw ConfigException.At(Source, "freeze: every parameter is frozen, so there is nothing to train; leave a layer out of it, e.g. the last one");
    }
}
