using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Texts of a folder or a table, each with its class.</summary>
/// <param name="Name">Path of the folder or table.</param>
/// <param name="Texts">Texts in UTF-8; any bytes for <c>tokens: bytes</c>.</param>
/// <param name="Classes">The class of each; null if not needed.</param>
/// <param name="Places">The place of each.</param>
internal sealed record Documents(string Name, IReadOnlyList<byte[]> Texts, IReadOnlyList<string>? Classes, SamplePlaces Places)
{
    /// <summary>A note for the user about how they were read; null for none.</summary>
    public string? Note { get; init; }

    /// <summary>The texts as samples that have not been tokenised.</summary>
    /// <param name="length">Ids per sample.</param>
    /// <param name="order">The classes in order; null for none.</param>
    public SampleSet ToSamples(int length, IReadOnlyList<string>? order) => new()
    {
        Shape = new Shape(length),
        Count = Texts.Count,
        Texts = [.. Texts],
        Labels = order is null || Classes is null ? null : ClassTexts.Labels(Classes, order, Places.Of),
        Places = Places,
    };
}
