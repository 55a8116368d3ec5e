using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Layers;

/// <summary>Builds a list of layers: expands repeats, gives each layer its path and input shape.</summary>
public static class LayerStack
{
    /// <param name="configs">The layers in order.</param>
    /// <param name="path">Path of the enclosing layer; empty for the network itself.</param>
    /// <param name="input">Shape of one sample.</param>
    /// <param name="next">What follows the list.</param>
    /// <param name="known">The layers built before, by path, to which these are added.</param>
    public static IReadOnlyList<Layer> Build(IReadOnlyList<LayerConfig> configs, string path, Shape input, Follower next, Dictionary<string, Layer> known)
    {
        List<LayerConfig> flat = [.. configs.SelectMany(RepeatConfig.WriteOut)];
        var layers = new List<Layer>();
        var names = new Dictionary<string, int>();
        bool isLinear = path.Length == 0 && flat.Count(c => LayerCatalog.HasWeights(LayerCatalog.NameOf(c))) == 1;
        for (int i = 0; i < flat.Count; i++)
        {
            string own = UniqueName(flat[i], i, names);
            string kind = LayerCatalog.NameOf(flat[i]);
            var site = new LayerSite(path.Length > 0 ? $"{path}.{own}" : own, kind, input, flat[i], FollowerOf(flat, i, next) with { IsOnly = isLinear && flat[i] is DenseConfig }) { Known = known };
            Layer layer;
            try
            {
                layer = flat[i].Build(site);
            }
            catch (OverflowException)
            {
                site.Fail($"it would have a tensor of more than {int.MaxValue} numbers, the most that one can hold; use smaller sizes");
                throw;
            }
            catch (TooLargeException e) when (flat[i].Source is Mark)
            {
                throw new GpuGradException(Fault.Memory, $"{flat[i].Source}: {kind}: {e.Message}", e);
            }
            catch (Kernels.Graphs.ShapeException e)
            {
                site.Fail(e.Message);
                throw;
            }
            layers.Add(layer);
            known[layer.Path] = layer;
            input = layer.Output;
        }
        return layers;
    }

    // Names in a repeated block get a number, as if written out.
    private static string UniqueName(LayerConfig config, int position, Dictionary<string, int> names)
    {
        if (config.Name is not string name)
            return position.ToString(System.Globalization.CultureInfo.InvariantCulture);
        int count = names[name] = names.GetValueOrDefault(name) + 1;
        if (count == 1)
            return name;
        if (config is { Source: Mark mark } && !RepeatConfig.IsRepeated(config))
            throw new ConfigException(mark, $"a second layer called '{name}'; names are given once");
        return $"{name}-{count.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
    }

    // Looks through layers that keep a signal's scale.
    private static Follower FollowerOf(List<LayerConfig> layers, int index, Follower outer)
    {
        (bool normalized, bool scaleIsKept, bool last) = (false, true, true);
        for (int i = index + 1; i < layers.Count; i++)
        {
            string kind = LayerCatalog.NameOf(layers[i]);
            if (scaleIsKept && LayerCatalog.IsActivation(kind))
                return new Follower(kind, normalized, false);
            normalized |= scaleIsKept && LayerCatalog.IsNormalization(kind);
            scaleIsKept &= LayerCatalog.IsTransparent(kind);
            last &= !LayerCatalog.HasWeights(kind);
        }
        return scaleIsKept
            ? new Follower(outer.Activation, normalized || outer.Normalized, last && outer.IsLast)
            : new Follower(null, normalized, last && outer.IsLast && outer.Activation is null);
    }
}
