using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Tools;

/// <summary>A batch for tools that inspect one step: from a file, from the data set, or random.</summary>
public static class StepBatch
{
    /// <summary>
    /// Reads <c>x</c> (N×C×H×W or N×F) and <c>y</c> (labels int [N], [N, T] for positions, [N, H, W] for masks, or targets float [N], [N, D] or [N, C, H, W]) from an npz file; for
    /// sequences of different lengths <c>lengths</c> (int [N]), too.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="shape">The shape that the network expects.</param>
    /// <param name="config">The experiment whose network takes the batch.</param>
    public static SampleSet FromNpz(string path, DataShape shape, RunConfig config)
    {
        IReadOnlyDictionary<string, NumberArray> arrays = Npz.Read(path);
        NumberArray x = Array(arrays, "x", path);
        int count = x.Sizes.Length > 0 ? x.Sizes[0] : 0;
        Require(path, "x", x.Sizes.Length > 1 && x.Sizes.AsSpan(1).SequenceEqual(shape.Shape.Sizes), x.Sizes, $"[N, {string.Join(", ", shape.Shape.Sizes.ToArray())}]");
        var samples = new SampleSet { Shape = shape.Shape, Count = count, Places = new SamplePlaces(path) };
        samples = x.IsFloats ? samples with { Reals = x.ToFloats() } : samples.WithNumbers(x.ToDoubles());
        IdRange.Of(config, shape.Shape)?.Check(samples);
        if (arrays.TryGetValue("lengths", out NumberArray? lengths))
            samples = samples with { Lengths = Lengths(lengths, path, count, shape.Shape[0]) };
        foreach (ColumnEmbedding column in shape.Embeddings ?? [])
            column.Check(samples);
        if (config.Data.Target == TargetKind.Input)
            return samples with { TargetIsInput = true, TargetSize = shape.Targets, AnswerShape = shape.Answer };
        NumberArray y = Array(arrays, "y", path);
        Require(path, "y", y.Sizes.Length > 0 && y.Sizes[0] == count, y.Sizes, $"{count} of them");
        if (shape.HasPositionClasses)
            return samples with { PositionLabels = PositionLabels(y, path, shape, config.Loss.Ignored), AnswerShape = shape.Answer };
        if (shape.MaskShape is { } mask)
            return samples with { Mask = MaskArray.Of(y, mask, shape.Classes, config.Loss.Ignored, $"{path}: 'y'"), AnswerShape = mask };
        if (shape.Classes > 0)
            return samples with { Labels = Labels(y, path, shape.Classes) };
        Require(path, "y", y.Count == (long)count * shape.Targets, y.Sizes, $"[{count}, {shape.Targets}]");
        return samples with { Targets = y.ToFloats(), TargetSize = shape.Targets, AnswerShape = shape.Answer };
    }

    private static int[] Lengths(NumberArray lengths, string path, int count, int steps)
    {
        Require(path, "lengths", lengths.Sizes.AsSpan().SequenceEqual([count]), lengths.Sizes, $"[{count}], the real steps of each sample");
        int[] values = lengths.ToInts() ?? [];
        return values.Length == count && !values.AsSpan().ContainsAnyExceptInRange(1, steps)
            ? values : throw new GpuGradException(Fault.Data, $"{path}: 'lengths' holds something else than whole numbers from 1 to {steps}, the steps of a sample");
    }

    private static int[] PositionLabels(NumberArray y, string path, DataShape shape, int? ignored)
    {
        Require(path, "y", y.Sizes.Length > 1 && y.Sizes.AsSpan(1).SequenceEqual(shape.Answer!.Value.Sizes), y.Sizes, $"[N, {shape.Answer!.Value[0]}], a class for each position");
        int[] labels = [.. (y.ToInts() ?? []).Select(l => l == ignored ? -1 : l)];
        return labels.Length == y.Count && !labels.AsSpan().ContainsAnyExceptInRange(-1, shape.Classes - 1)
            ? labels : throw new GpuGradException(Fault.Data, $"{path}: 'y' holds something else than whole numbers from 0 to {shape.Classes - 1}, or -1 where none counts");
    }

    private static int[] Labels(NumberArray y, string path, int classes)
    {
        int[]? labels = y.Sizes.Length == 1 ? y.ToInts() : null;
        int wrong = labels is null ? -1 : labels.AsSpan().IndexOfAnyExceptInRange(0, classes - 1);
        if (labels is null || wrong >= 0)
        {
            string found = labels is null ? "something else than whole numbers [N]" : $"the label {labels[wrong]}{(labels.Min() == 1 ? " and none that is 0; subtract 1 from each" : "")}";
            throw new GpuGradException(Fault.Data, $"{path}: 'y' holds {found}; expected whole numbers [N] from 0 to {classes - 1}, one per class");
        }
        return labels;
    }

    /// <summary>Normal numbers with random labels or targets; integers if the network starts with an embedding.</summary>
    public static SampleSet Random(Network network, DataShape shape, int count, ulong seed)
    {
        var random = new RandomStream(seed, Purpose.Generate);
        var x = new float[shape.Shape.Prepend(count).Count];
        for (int i = 0; i < x.Length; i++)
            x[i] = RowsOf(i % shape.Shape.Count) is > 0 and int rows ? random.NextInt(rows) : (float)random.NextNormal();
        return new SampleSet
        {
            Shape = shape.Shape,
            Count = count,
            Reals = x,
            PositionLabels = shape.HasPositionClasses ? [.. Enumerable.Range(0, count * shape.Answer!.Value.Count).Select(_ => random.NextInt(shape.Classes))] : null,
            Mask = shape.MaskShape is { } mask ? [.. Enumerable.Range(0, count * mask.Count).Select(_ => (byte)random.NextInt(Math.Min(shape.Classes, SampleSet.Ignored)))] : null,
            AnswerShape = shape.Answer,
            Labels = shape.Classes > 0 && shape.Answer is null ? [.. Enumerable.Range(0, count).Select(_ => random.NextInt(shape.Classes))] : null,
            Targets = shape.Classes > 0 ? null : [.. Enumerable.Range(0, count * shape.Targets).Select(_ => (float)random.NextNormal())],
            TargetSize = shape.Targets,
        };

        int RowsOf(int number) => network.Layers[0] switch
        {
            EmbeddingLayer embedding => embedding.Rows,
            ColumnEmbeddings columns => columns.RowsOf(number),
            _ => 0,
        };
    }

    private static NumberArray Array(IReadOnlyDictionary<string, NumberArray> arrays, string name, string path) =>
        arrays.GetValueOrDefault(name) ?? throw new GpuGradException(Fault.Data, $"{path}: no array '{name}'; expected 'x' and 'y', found {string.Join(", ", arrays.Keys.Take(5).Select(DataFault.Quote))}");

    private static void Require(string path, string name, bool condition, int[] found, string expected)
    {
        if (!condition)
            throw new GpuGradException(Fault.Data, $"{path}: '{name}' has shape {new Shape(found)}, expected {expected}");
    }
}
