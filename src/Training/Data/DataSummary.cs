using System.Globalization;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Data;

/// <summary>Statistics of a data set.</summary>
/// <param name="Origin">Its origin.</param>
/// <param name="Shape">Shape of a sample and of the targets.</param>
/// <param name="Samples">Number of samples in each part: train, validation, test.</param>
/// <param name="Classes">Names of the classes with their numbers of training samples (pixels for masks); empty for regression.</param>
/// <param name="Channels">Raw values of each channel or column of the training samples.</param>
/// <param name="Targets">Statistics of each target of the training samples; empty for classification.</param>
/// <param name="Fingerprint">Hash of the contents.</param>
public sealed record DataSummary(
    string Origin,
    DataShape Shape,
    IReadOnlyList<KeyValuePair<string, int>> Samples,
    IReadOnlyList<KeyValuePair<string, int>> Classes,
    IReadOnlyList<ChannelStatistics> Channels,
    IReadOnlyList<ChannelStatistics> Targets,
    string Fingerprint)
{
    /// <summary>Statistics of the texts; null for other data.</summary>
    public TextSummary? Text { get; init; }

    public static DataSummary Of(TrainingData data)
    {
        SampleSet train = data.Train;
        (string Name, SampleSet? Part)[] parts = [("train", train), ("validation", data.Validation), ("test", data.Test)];
        return new DataSummary(
            data.Origin,
            data.Shape,
            [.. parts.Where(p => p.Part is not null).Select(p => KeyValuePair.Create(p.Name, p.Part!.Count))],
            ClassCounts(train, data),
            data.Text is null ? ChannelStatistics.Of(train) : [],
            train.Targets is null || train.AnswerShape is not null ? [] : ChannelStatistics.Of(new SampleSet { Shape = new Kernels.Tensors.Shape(train.TargetSize), Count = train.Count, Reals = train.Targets }),
            data.Fingerprint)
        {
            Text = data.Text is null ? null : TextSummary.Of(data.Text, train),
        };
    }

    private static KeyValuePair<string, int>[] ClassCounts(SampleSet train, TrainingData data)
    {
        if (train.Labels is null && train.Mask is null && train.TagNames is null)
            return [];
        var counts = new int[data.Shape.Classes];
        foreach (int label in train.Labels ?? [])
            counts[label]++;
        foreach (int label in train.TagNames is null ? [] : train.PositionLabels!)
        {
            if (label >= 0)
                counts[label]++;
        }
        foreach (byte label in train.Mask ?? [])
        {
            if (label != SampleSet.Ignored)
                counts[label]++;
        }
        return [.. counts.Select((count, i) => KeyValuePair.Create(data.ClassNames?[i] ?? i.ToString(CultureInfo.InvariantCulture), count))];
    }
}
