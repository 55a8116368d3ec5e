using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Health;

/// <summary>The elements of a parameter that belong to one unit. The parameter is seen as [Outer, units, Inner].</summary>
/// <param name="Parameter">The parameter.</param>
/// <param name="Outer">Number of blocks, each of which has all units.</param>
/// <param name="Units">Number of units in a block.</param>
/// <param name="Inner">Number of consecutive elements for each unit.</param>
/// <param name="Groups">Groups of a convolution, each with its own units: the blocks are split evenly over the groups.</param>
internal readonly record struct UnitSlice(Parameter Parameter, int Outer, int Units, int Inner, int Groups = 1)
{
    /// <summary>Indices of a unit's elements.</summary>
    public IEnumerable<int> Of(int unit)
    {
        int blocks = Outer / Groups, first = unit / Units * blocks;
        for (int block = first; block < first + blocks; block++)
        {
            for (int i = 0; i < Inner; i++)
                yield return (((block * Units) + (unit % Units)) * Inner) + i;
        }
    }
}

/// <summary>
/// What the units of a relu are connected to, if the relu lies between two layers with weights: those of the layer before it, with its bias and its batch norm, and the weights by which the layer after it
/// reads the units. In between may be pooling, flatten, dropout and upsample, which make 0 of 0.
/// </summary>
/// <param name="In">Parameters that a unit is computed with, the weights first.</param>
/// <param name="Out">The weights that multiply its output.</param>
internal sealed record UnitWiring(IReadOnlyList<UnitSlice> In, UnitSlice Out)
{
    /// <summary>The wiring of each relu or relu6 that has one, by the layer's path. A unit whose weights are frozen, or are not drawn at random, has none.</summary>
    public static IReadOnlyDictionary<string, UnitWiring> Of(Network network, ParameterLayout layout)
    {
        var all = new Dictionary<string, UnitWiring>();
        foreach (IReadOnlyList<Layer> stack in Stacks(network.Layers))
        {
            for (int i = 0; i < stack.Count; i++)
            {
                if (stack[i].Kind is "relu" or "relu6" && Find(stack, i, layout) is UnitWiring found)
                    all[stack[i].Path] = found;
            }
        }
        return all;
    }

    private static UnitWiring? Find(IReadOnlyList<Layer> stack, int at, ParameterLayout layout)
    {
        int before = at - 1;
        var extra = new List<UnitSlice>();
        if (before >= 0 && stack[before] is BatchNormLayer norm)
        {
            extra.AddRange(norm.Parameters.Select(p => new UnitSlice(p, 1, p.Shape.Count, 1)));
            before--;
        }
        if (before < 0 || Weights(stack[before]) is not Parameter into || !into.Init.IsRandom || !layout.IsTrained(into))
            return null;
        bool isLast = stack[before] is Dense or Conv1d, isNormed = before < at - 1;
        int units = stack[before].Output[isLast ? ^1 : 0];
        // A transposed convolution has its filters along the second axis.
        UnitSlice weights = stack[before] is ConvTranspose ? new UnitSlice(into, into.Shape[0], into.Shape[1], into.Shape.LengthOf(2..)) : new UnitSlice(into, 1, units, into.Shape.LengthOf(1..));
        IEnumerable<UnitSlice> biases = stack[before].Parameters.Skip(1).Select(b => new UnitSlice(b, 1, units, 1));
        // A batch norm's channels are the first axis. A frozen one keeps its statistics too.
        if (weights.Units != units || (isNormed && isLast && stack[before].Output.Rank > 1))
            return null;
        if (extra.Any(e => e.Parameter.Trained && !layout.IsTrained(e.Parameter)))
            extra.Clear();
        return Reader(stack, at, isLast, units) is UnitSlice reader && layout.IsTrained(reader.Parameter)
            ? new UnitWiring([weights, .. biases.Concat(extra).Where(s => layout.IsTrained(s.Parameter) || !s.Parameter.Trained)], reader)
            : null;
    }

    // The weights of the next layer that has some, if only layers that keep a unit's place and make 0 of 0 come before it.
    private static UnitSlice? Reader(IReadOnlyList<Layer> stack, int at, bool isLast, int units)
    {
        Shape shape = stack[at].Output;
        bool isFlat = false;
        for (int i = at + 1; i < stack.Count; i++)
        {
            switch (stack[i].Kind)
            {
                case "dropout":
                    break;
                case "maxpool" or "avgpool" or "global-avgpool" or "global-maxpool" or "upsample" when !isLast && !isFlat:
                    shape = stack[i].Output;
                    break;
                case "time-pool" when isLast && !isFlat:
                    shape = stack[i].Output;
                    break;
                case "flatten":
                    isFlat = true;
                    break;
                default:
                    return Weights(stack[i]) is Parameter weights ? Slice(stack[i], weights, shape, isLast, isFlat, units) : null;
            }
        }
        return null;
    }

    private static UnitSlice? Slice(Layer layer, Parameter weights, Shape shape, bool isLast, bool isFlat, int units)
    {
        int inner = isLast ? 1 : shape.LengthOf(1..), outer = isLast ? shape.Count / units : 1;
        int positions = weights.Shape.Rank > 2 ? weights.Shape.LengthOf(2..) : 1;
        return layer switch
        {
            Dense when isFlat || shape.Rank == 1 => new UnitSlice(weights, weights.Shape[0] * outer, units, inner),
            Dense when isLast => new UnitSlice(weights, weights.Shape[0], units, 1),
            ConvTranspose when !isLast && !isFlat => new UnitSlice(weights, 1, units, weights.Shape.LengthOf(1..)),
            Conv when !isLast && !isFlat => new UnitSlice(weights, weights.Shape[0], weights.Shape[1], positions, units / weights.Shape[1]),
            Conv1d when isLast && !isFlat => new UnitSlice(weights, weights.Shape[0], weights.Shape[1], positions, units / weights.Shape[1]),
            _ => null,
        };
    }

    // A layer's own weights, which come first; a tied dense layer has none.
    private static Parameter? Weights(Layer layer) => layer is Dense or Conv or Conv1d or ConvTranspose && layer.Parameters is [{ Shape.Rank: > 1 } weights, ..] ? weights : null;

    // The lists of layers in which each gets the output of the one before it.
    private static IEnumerable<IReadOnlyList<Layer>> Stacks(IReadOnlyList<Layer> layers) =>
        [layers, .. layers.SelectMany(l => l switch { Residual r => r.Paths, Branch b => b.Paths, _ => [] }).SelectMany(Stacks)];
}
