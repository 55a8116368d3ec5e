using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.BlackBox;

/// <summary>Replays one batch of a step, node by node.</summary>
/// <param name="model">The model.</param>
/// <param name="bound">The batch's plan.</param>
/// <param name="step">The step.</param>
/// <param name="batch">The batch.</param>
/// <param name="last">Statistics of the step before, by node and tensor.</param>
/// <param name="now">Receives those of this step.</param>
internal sealed class NodeWalk(
    Model model, BoundGraph bound, StepRecord step, BatchRecord batch, Dictionary<string, TensorFigures> last, Dictionary<string, TensorFigures> now)
{
    /// <summary>Runs it; returns the first non-finite value.</summary>
    public Finding? Run(bool isLast)
    {
        Plan plan = bound.Plan;
        for (int i = 0; i < plan.Nodes.Count; i++)
        {
            Node node = plan.Nodes[i];
            if (node.Phase == Phase.Update && !isLast)
                break;
            if (node.Op.IsView)
                continue;
            plan.RunNode(i);
            for (int o = 0; o < node.Outputs.Count; o++)
            {
                if (node.Outputs[o].Type.Element == ElementType.Real && Look(node, node.Outputs[o], $"{i}.{o}") is Finding found)
                    return found;
            }
            foreach (int input in node.Op.Updates)
            {
                if (node.Inputs[input].Type.Element == ElementType.Real && Look(node, node.Inputs[input], $"{i}.in{input}") is Finding found)
                    return found;
            }
        }
        return null;
    }

    public static IReadOnlyList<int> Unravel(long at, Shape shape)
    {
        var index = new int[shape.Rank];
        for (int axis = shape.Rank - 1; axis >= 0; axis--)
            (index[axis], at) = ((int)(at % shape[axis]), at / shape[axis]);
        return index;
    }

    private Finding? Look(Node node, Tensor tensor, string key)
    {
        double[] values = bound.Plan.Read(tensor);
        long at = NonFiniteScan.Find(values);
        if (at < 0)
        {
            now[key] = TensorFigures.Of(tensor.Name, values);
            return null;
        }
        (string layer, string name, Shape shape, long place) = Describe(node, tensor, at);
        IReadOnlyList<int> index = Unravel(place, shape);
        Direction direction = node.Phase switch
        {
            Phase.Batch => Direction.Input,
            Phase.Forward => Direction.Forward,
            Phase.Backward => Direction.Backward,
            _ => Direction.Update,
        };
        return new Finding
        {
            Step = step.Step,
            Epoch = step.Epoch,
            Direction = direction,
            Layer = layer,
            Kind = KindOf(layer, direction),
            Tensor = name,
            Shape = shape,
            Index = index,
            Value = values[at],
            Count = values.LongCount(v => !double.IsFinite(v)),
            Op = node.Op.Name,
            Before = last.GetValueOrDefault(key),
            Inputs = Inputs(node),
            Sample = direction is Direction.Input or Direction.Forward && name == "output" && shape.Rank > 0 && shape[0] == batch.Size ? batch.Samples[index[0]] : null,
        };
    }

    // The tensor in the user's terms: the output of a layer, the gradient of a parameter, a parameter.
    private (string Layer, string Name, Shape Shape, long Place) Describe(Node node, Tensor tensor, long at)
    {
        if (tensor.Placement is { } lies && ParameterAt(lies, at) is (Parameter parameter, long place, string what))
            return (parameter.Layer, what + parameter.Name, parameter.Shape, place);
        string scope = tensor.Producer?.Scope ?? node.Scope;
        if (node.Phase == Phase.Backward)
            return (scope, GradientName(node, scope), tensor.Shape, at);
        bool output = bound.Graph.Activations.TryGetValue(scope, out Tensor? y) && y.Base == tensor.Base;
        string name = node.Phase == Phase.Batch ? "batch"
            : tensor == bound.Graph.GradientNorm ? "norm of all gradients"
            : tensor == bound.Graph.Loss ? "loss"
            : output ? "output" : $"{node.Op.Name} inside";
        return (scope, name, tensor.Shape, at);
    }

    private static string GradientName(Node node, string scope) => scope.Length == 0 ? $"gradient ({node.Op.Name})" : $"gradient of its input ({node.Op.Name})";

    private (Parameter Parameter, long Place, string What)? ParameterAt(Placement lies, long at)
    {
        ModelMemory memory = model.Memory;
        string? what = lies.Slot == memory.Parameters || lies.Slot == memory.State || lies.Slot == memory.Ema ? ""
            : lies.Slot == memory.Gradients || lies.Slot == memory.Accumulated ? "gradient of "
            : memory.Moments.Contains(lies.Slot) ? $"{lies.Slot.Name} of " : null;
        if (what is null)
            return null;
        long element = lies.Offset + at;
        foreach (Parameter parameter in model.Network.Parameters.Where(p => memory.Layout.IsTrained(p) == (lies.Slot != memory.State)))
        {
            long place = element - memory.Layout.OffsetOf(parameter);
            if (place >= 0 && place < parameter.Shape.Length)
                return (parameter, place, what);
        }
        return null;
    }

    private string KindOf(string layer, Direction direction) =>
        model.Network.AllLayers.FirstOrDefault(l => l.Path == layer)?.Kind
        ?? (layer.Length > 0 ? layer : direction == Direction.Input ? "the batch" : "the whole network");

    private TensorFigures[] Inputs(Node node)
    {
        var figures = new List<TensorFigures>();
        foreach (Tensor input in node.Inputs.Where(t => t.Type.Element == ElementType.Real))
        {
            double[] values = bound.Plan.Read(input);
            if (NonFiniteScan.Find(values) < 0)
                figures.Add(TensorFigures.Of($"{NameOf(input)} {input.Shape}", values));
        }
        return [.. figures];
    }

    private string NameOf(Tensor input)
    {
        if (input.Placement is { } lies && ParameterAt(lies, 0) is (Parameter parameter, 0, string what) && parameter.Shape.Length == input.Shape.Length)
            return what + parameter.Name;
        if (input.Placement is { } place)
            return place.Slot.Name;
        foreach ((string path, Tensor y) in bound.Graph.Activations)
        {
            if (y.Base == input.Base)
                return $"output of {path}";
        }
        return input == bound.Graph.Batch.X ? "the batch" : $"{input.Producer?.Op.Name} of {input.Producer?.Scope}";
    }
}
