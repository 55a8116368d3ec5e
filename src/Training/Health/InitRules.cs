using System.Globalization;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Health;

/// <summary>What can be wrong with a network before its first step.</summary>
internal static class InitRules
{
    private const double SignalFactor = 100, GradientFactor = 1000, SaturatedShare = 0.5;

    public static IEnumerable<Alarm> Judge(
        Network network, Model model, IReadOnlyList<AuditedLayer> layers, double input, double loss, double? expected)
    {
        if (expected is double e && double.IsFinite(loss) && (loss > 3 * e || loss < 0.5 * e))
            yield return Of(AlarmCatalog.StartLoss, "", $"the loss is {loss:G4}, {e:G4} is that of a network that knows nothing", loss > e ? "The network begins sure of itself and wrong: the weights or the inputs of its last layer are too large." : "The loss is lower than a guess can be: the labels may be among the inputs.", "init: {normal: {std: 0.01}} in the last layer");
        foreach (Alarm alarm in Symmetric(network, model))
            yield return alarm;
        foreach (AuditedLayer layer in layers.Where(l => l.Kind != "relu" && l.Idle > SaturatedShare))
            yield return Of(AlarmCatalog.SaturatedStart, layer.Path, $"{layer.Idle * 100:F0} % of the outputs of {layer.Path} ({layer.Kind}) are on the flat ends of the curve", "Its inputs are too large in size.", "no init: in the layer before (Xavier is the default), or data.normalize: true");
        if (layers.SkipLast(1).FirstOrDefault(l => l.Deviation > SignalFactor * input || l.Deviation < input / SignalFactor) is AuditedLayer far && input > 0)
            yield return Of(AlarmCatalog.SignalAtStart, far.Path, $"the outputs of {far.Path} ({far.Kind}) have a deviation of {far.Deviation:G3}, the network's input one of {input:G3}", "Each layer multiplies the signal by the root of its inputs times the deviation of its weights.", "no init: in the layers before (the defaults keep the scale), or batchnorm between them");
        AuditedLayer[] withGradient = [.. layers.Where(l => double.IsFinite(l.Gradient))];
        if (withGradient.Length > 2 && withGradient[^1].Gradient > 0)
        {
            double gain = withGradient[0].Gradient / withGradient[^1].Gradient;
            // Exactly 0 is a last layer that begins at 0, and moves in the first step.
            if (gain is > GradientFactor or (> 0 and < 1 / GradientFactor))
                yield return Of(AlarmCatalog.GradientAtStart, withGradient[0].Path, $"the gradient is {withGradient[^1].Gradient:G3} in the output and {withGradient[0].Gradient:G3} behind the first layer: {gain:G2} times as much", "Each layer on the way back multiplies it by its weights and the derivative of its activation.", gain < 1 ? "relu in place of sigmoid or tanh, batchnorm between the layers, or residual: around some of them" : "no init: in these layers, or batchnorm between them");
        }
    }

    // In the last layer equal rows part by themselves: each class has an error of its own.
    private static IEnumerable<Alarm> Symmetric(Network network, Model model)
    {
        Parameter[] weights = [.. network.Parameters.Where(p => p.Trained && p.Shape.Rank > 1)];
        foreach (Parameter parameter in weights.SkipLast(1).Where(p => p.Shape[0] > 1))
        {
            double[] values = model.Read(parameter);
            int row = values.Length / parameter.Shape[0];
            var seen = new Dictionary<double, int>();
            for (int unit = 0; unit < parameter.Shape[0]; unit++)
            {
                if (!seen.TryAdd(values[unit * row], unit) && values.AsSpan(unit * row, row).SequenceEqual(values.AsSpan(seen[values[unit * row]] * row, row)))
                {
                    yield return Of(AlarmCatalog.Symmetric, parameter.Layer, $"units {seen[values[unit * row]]} and {unit} of {parameter.Name} begin with the same weights", "They get the same gradients and stay the same for ever.", "no init: in this layer: the default is random");
                    break;
                }
            }
        }
    }

    private static Alarm Of(string id, string layer, FormattableString finding, string cause, string remedy) =>
        new(id, 0, layer, finding.ToString(CultureInfo.InvariantCulture), cause, remedy);
}
