using System.Globalization;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Health;

/// <summary>Rules that are checked before the first step.</summary>
internal sealed class InitRules(Network network, Model model, InitAudit audit, Remedies? remedies)
{
    private const double StartFactor = 3, StartExcess = 8, SignalFactor = 100, GradientFactor = 1000, SaturatedShare = 0.5;

    private string? Normalise => remedies?.Normalise(audit.InputSize);

    private string DefaultInit => remedies?.DefaultInit ?? "the default initialiser in these layers";

    public IEnumerable<Alarm> Judge() => new[] { StartLoss(), Saturated(), Signal(), Gradient() }.OfType<Alarm>().Concat(Symmetric());

    // An untrained network cannot do much better than a guess, so a loss that is too low points to the samples: they are few, or most of one class.
    private Alarm? StartLoss()
    {
        if (audit.ExpectedLoss is not double e || !double.IsFinite(audit.Loss) || audit.Loss <= Math.Max(StartFactor * e, e + StartExcess))
            return null;
        bool large = audit.InputSize > 10 && !IsTable;
        return Of(
            AlarmCatalog.StartLoss, "", $"the loss is {audit.Loss:G4}, {e:G4} is that of an uninformed guess",
            large ? string.Create(CultureInfo.InvariantCulture, $"The network begins sure of itself and wrong: its inputs are large, {audit.InputSize:G2} in root mean square.") : "The network begins sure of itself and wrong: the weights or the inputs of its last layer are too large.",
            Remedies.Either(large ? Normalise : remedies?.Dropout, remedies?.DefaultInit ?? (large ? null : "init: {normal: {std: 0.01}} in the last layer, or layernorm before it")));
    }

    private Alarm? Saturated()
    {
        AuditedLayer? layer = audit.Layers.Where(l => l.Kind != "relu" && l.Idle > SaturatedShare).MaxBy(l => l.Idle);
        return layer is null ? null : Of(
            AlarmCatalog.SaturatedStart, layer.Path, $"{layer.Idle * 100:F0} % of the outputs of {layer.Path} ({layer.Kind}) are on the flat ends of the curve",
            "Its inputs are too large in size.", Remedies.Either(Normalise, remedies?.DefaultInit ?? "batchnorm before it"));
    }

    // Only the main path from input to output is checked: a branch added inside a block may well start at 0.
    private Alarm? Signal()
    {
        double reference = audit.InputDeviation, window = 1;
        AuditedLayer[] layers = [.. Main().SkipLast(1)];
        foreach (AuditedLayer layer in layers)
        {
            if (layer.Kind == "embedding")
                reference = layer.Deviation; // its input is ids
            window *= AverageWindow(layer.Path);
            bool shrunk = layer.Deviation < reference / (SignalFactor * Math.Sqrt(window)), grown = layer.Deviation > SignalFactor * reference;
            if (reference > 0 && (shrunk || grown) && layer.Kind is not ("softmax" or "log-softmax"))
            {
                return Of(
                    AlarmCatalog.SignalAtStart, layer.Path, $"the outputs of {layer.Path} ({layer.Kind}) have a deviation of {layer.Deviation:G3}, the network's input one of {reference:G3}",
                    "Each layer multiplies the signal by the root of its inputs times the deviation of its weights.", Remedies.Either(remedies?.DefaultInit, "batchnorm between these layers"));
            }
        }
        return null;
    }

    // Norms per sample, not sizes of elements: a layer of another width or a pool in between spreads a gradient over more elements, or
    // gathers it on fewer, and an average over a window divides its norm by the root of the window.
    private Alarm? Gradient()
    {
        AuditedLayer[] layers = [.. Main().Where(l => double.IsFinite(l.Gradient))];
        if (layers.Length < 3 || !(layers[^1].Gradient > 0))
            return null;
        double window = layers.Skip(1).Select(l => AverageWindow(l.Path)).Aggregate(1.0, (a, b) => a * b);
        double first = NormOf(layers[0]), last = NormOf(layers[^1]), gain = first / last * Math.Sqrt(window);
        // Exactly 0 means a last layer that starts at 0, and moves in the first step.
        if (gain is not (> GradientFactor or (> 0 and < 1 / GradientFactor)))
            return null;
        string[] ways = gain < 1 ? [remedies?.Relu ?? "relu instead of sigmoid or tanh", "batchnorm between the layers, or residual: around some of them"] : [DefaultInit, "batchnorm between the layers"];
        return Of(
            AlarmCatalog.GradientAtStart, layers[0].Path, $"the gradient of a sample has a norm of {last:G3} at the output and {first:G3} after the first layer: {gain:G2} times as much{(window > 1 ? ", the averages in between allowed for" : "")}",
            "Each layer on the way back multiplies it by its weights and the derivative of its activation.", Remedies.Either([gain < 1 && remedies?.DefaultInit is string init ? init : null, .. ways]));
    }

    // In the last layer equal rows diverge by themselves: each class has its own error. So do zeros that get different gradients.
    private IEnumerable<Alarm> Symmetric()
    {
        Parameter[] weights = [.. network.Parameters.Where(p => model.Memory.Layout.IsTrained(p) && p.Shape.Rank > 1)];
        foreach (Parameter parameter in weights.SkipLast(1).Where(p => p.Shape[0] > 1 && !network.AllLayers.Any(l => l is EmbeddingLayer && l.Path == p.Layer)))
        {
            float[] values = FirstRows(parameter);
            if (Equal(values, values.Length / (parameter.Shape.Count / parameter.Shape[0])) is not (int one, int other))
                continue;
            if (values.All(v => v == 0) && audit.Layers.FirstOrDefault(l => l.Path == parameter.Layer) is { Alike: false })
                continue;
            yield return Of(AlarmCatalog.Symmetric, parameter.Layer, $"units {one} and {other} of {parameter.Name} begin with the same weights", "They get the same gradients and stay the same for ever.", DefaultInit);
            yield break;
        }
    }

    // All rows of a large matrix would be a large part of the memory, and the first ones suffice.
    private float[] FirstRows(Parameter parameter)
    {
        const int Most = 1 << 20;
        int units = parameter.Shape[0], row = parameter.Shape.Count / units;
        var values = new float[Math.Clamp(Most / row, Math.Min(2, units), units) * (long)row];
        model.Read(parameter, 0, values);
        return values;
    }

    // Two units with the same weights.
    private static (int One, int Other)? Equal(float[] values, int units)
    {
        int row = values.Length / units;
        var seen = new Dictionary<float, int>();
        for (int unit = 0; unit < units; unit++)
        {
            if (!seen.TryAdd(values[unit * row], unit) && values.AsSpan(unit * row, row).SequenceEqual(values.AsSpan(seen[values[unit * row]] * row, row)))
                return (seen[values[unit * row]], unit);
        }
        return null;
    }

    private bool IsTable => network.Layers[0] is EmbeddingLayer or ColumnEmbeddings;

    // Consecutive layers; not those inside a block.
    private IEnumerable<AuditedLayer> Main() => audit.Layers.Where(l => network.Layers.Any(n => n.Path == l.Path));

    private double NormOf(AuditedLayer layer) => layer.Gradient * Math.Sqrt(LayerAt(layer.Path).Output.Count);

    // Number of elements that a layer averages over.
    private double AverageWindow(string path) =>
        LayerAt(path) is Pool { IsAverage: true } pool ? pool.Window : 1;

    private Layer LayerAt(string path) => network.Layers.First(l => l.Path == path);

    private static Alarm Of(string id, string layer, FormattableString finding, string cause, string remedy) =>
        new(id, 0, layer, finding.ToString(CultureInfo.InvariantCulture), cause, remedy);
}
