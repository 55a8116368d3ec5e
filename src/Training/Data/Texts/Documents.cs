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

    /// <summary>Names of the classes: numbers by their value, others by their characters.</summary>
    public string[] ClassNames()
    {
        string[] names = [.. Classes!.Distinct(StringComparer.Ordinal)];
        return ClassTexts.AreNumbers(names) ? [.. names.OrderBy(ClassTexts.Value)] : [.. names.Order(StringComparer.Ordinal)];
    }

    /// <summary>The texts as samples that have not become ids yet.</summary>
    /// <param name="length">Ids of a sample.</param>
    /// <param name="order">The classes in their order; null for none.</param>
    public SampleSet ToSamples(int length, IReadOnlyList<string>? order) => new()
    {
        Shape = new Shape(length),
        Count = Texts.Count,
        Texts = [.. Texts],
        Labels = order is null || Classes is null ? null : LabelsIn(order),
        Places = Places,
    };

    private int[] LabelsIn(IReadOnlyList<string> order)
    {
        var known = order.Select((text, i) => (text, i)).ToDictionary(c => c.text, c => c.i, StringComparer.Ordinal);
        var labels = new int[Texts.Count];
        for (int i = 0; i < labels.Length; i++)
        {
            if (!known.TryGetValue(Classes![i], out labels[i]))
                throw DataFault.In(Places.Of(i), $"the class {DataFault.Quote(Classes[i])}", $"one of those of the training data: {DataFault.Some(order)}");
        }
        return labels;
    }
}
