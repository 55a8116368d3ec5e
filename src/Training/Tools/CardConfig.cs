using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Tools;

/// <summary>The config in a model's card. The file is untrusted, so an error in it is reported as a fault of that file.</summary>
internal static class CardConfig
{
    /// <summary>The experiment, with a network that fits the card's shape.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it is not a config, or its network does not fit the card.</exception>
    public static LoadedConfig Of(ModelCard card, string path)
    {
        if (Problem(card) is string wrong)
            throw new GpuGradException(Fault.Data, $"{path}: the metadata does not describe a model of GpuGrad: {wrong}; expected a weights file of 'train' or 'export'");
        try
        {
            if (YamlReader.Read(card.Config, $"{path} (config)") is not YamlMapping tree)
                throw new GpuGradException(Fault.Data, $"{path}: the config in it is not a mapping; expected keys such as 'data:', 'model:' and 'train:'");
            RunConfig config = ConfigBinder.Bind<RunConfig>(tree, "the config");
            ModelCheck.Check(config, card.Shape);
            return new LoadedConfig(config, tree, config.Folder ?? ".");
        }
        catch (GpuGradException e) when (e.Fault == Fault.Config)
        {
            throw new GpuGradException(Fault.Data, e.Message.StartsWith(path, StringComparison.Ordinal) ? e.Message : $"{path}: {e.Message}", e);
        }
    }

    // JSON guarantees nothing of this, whatever the types say: an array may be null, too.
    private static string? Problem(ModelCard card)
    {
        if (card.Config is null || card.Shape.Shape.Rank == 0 || card.Shape is not ({ Classes: > 0, Targets: 0 } or { Classes: 0, Targets: > 0 }))
            return "its shape is not that of samples with either classes or targets";
        IReadOnlyList<double>? scale = card.Normalization.Scale, shift = card.Normalization.Shift;
        int channels = card.Shape.Shape is { Rank: 2 } steps && scale?.Count == steps.Length ? steps.Count : card.Shape.Shape[0];
        if (scale is null || shift is null || scale.Count != channels || shift.Count != channels || !scale.Concat(shift).All(double.IsFinite))
            return $"its scaling is not a factor and a shift for each of {channels} channels";
        return card.ClassNames is { } names && (names.Count != card.Shape.Classes || names.Any(n => n is null))
            ? $"it has {names.Count} names for {card.Shape.Classes} classes"
            : null;
    }
}
