using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Texts of a folder or of a table, each with its class.</summary>
/// <param name="Name">Where they are.</param>
/// <param name="Texts">UTF-8; of <c>tokens: bytes</c> anything.</param>
/// <param name="Classes">The class of each; null where none is wanted.</param>
/// <param name="Places">Where each is.</param>
internal sealed record Documents(string Name, IReadOnlyList<byte[]> Texts, IReadOnlyList<string>? Classes, SamplePlaces Places)
{
    /// <summary>What the user should know of how they were read; null for nothing.</summary>
    public string? Note { get; init; }

    /// <summary>The texts as samples that have not become ids yet.</summary>
    /// <param name="length">Ids of a sample.</param>
    /// <param name="order">The classes in their order; null for none.</param>
    public SampleSet ToSamples(int length, IReadOnlyList<string>? order) => new()
    {
        Shape = new Shape(length),
        Count = Texts.Count,
        Texts = [.. Texts],
        Labels = order is null || Classes is null ? null : ClassTexts.Labels(Classes, order, Places.Of),
        Places = Places,
    };
}
