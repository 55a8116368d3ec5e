using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Layers;

/// <summary>An activation function as a layer. Each function of <see cref="Activation.All"/> is a layer of that name.</summary>
public sealed record ActivationConfig : LayerConfig
{
    [NotConfig]
    public required Activation Function { get; init; }

    /// <summary>The function's parameter: slope, alpha or beta.</summary>
    [Shorthand]
    public double Parameter { get; init => field = Config.Require.NonNegative(value); }

    public override Layer Build(LayerSite site) => new ActivationLayer(this) { Path = site.Path, Kind = site.Kind, Input = site.Input };

    internal static Choice ChoiceFor(Activation function) => new(function.Name, typeof(ActivationConfig), $"The activation function {function.Name}.")
    {
        Create = () => new ActivationConfig { Function = function, Parameter = function.Default },
        KeyNames = function.Parameter is null
            ? new Dictionary<string, string>()
            : new Dictionary<string, string> { [nameof(Parameter)] = function.Parameter },
    };
}

public sealed class ActivationLayer : Layer
{
    internal ActivationLayer(ActivationConfig config) => (Function, Parameter) = (config.Function, config.Parameter);

    public Activation Function { get; }

    /// <summary>The function's slope, alpha or beta.</summary>
    public double Parameter { get; }

    public override Shape Output => Input;

    public override bool TakesSteps => true;

    public override Tensor Apply(LayerGraph g, Tensor x) => g.Graph.Add(Function.Forward(Parameter), x);
}
