using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Rows;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data;

/// <summary>
/// Raw samples, one after the other: in memory as bytes if the file holds bytes (images), as floats if these hold each
/// number, else as doubles; or on disk, read row by row on request. Each may have a class label or target numbers.
/// </summary>
public sealed record SampleSet
{
    /// <summary>Shape of one sample: [C, H, W] or [features].</summary>
    public required Shape Shape { get; init; }

    public required int Count { get; init; }

    /// <summary>Count × Shape bytes, or null.</summary>
    public byte[]? Bytes { get; init; }

    /// <summary>Count × Shape floats, or null.</summary>
    public float[]? Reals { get; init; }

    /// <summary>Count × Shape doubles if float32 cannot hold each of them, or null.</summary>
    public double[]? Doubles { get; init; }

    /// <summary>The samples if they are not in memory, or null.</summary>
    public ISampleRows? Rows { get; init; }

    /// <summary>Whether every number is a byte: a batch is then scaled on the device.</summary>
    public bool AreBytes => Bytes is not null || Rows?.AreBytes == true;

    /// <summary>Hash of the source if that is cheaper than one of the numbers; else null.</summary>
    internal byte[]? SourceHash { get; init; }

    /// <summary>Positions of the samples in their file; null if unknown.</summary>
    public SamplePlaces? Places { get; init; }

    /// <summary>Meaning of each number of a sample, for raw samples of a table; null for numbers as a network takes them.</summary>
    public IReadOnlyList<RawColumn>? Columns { get; init; }

    /// <summary>Class of each sample, from 0; null for regression.</summary>
    public int[]? Labels { get; init; }

    /// <summary>Count × TargetSize numbers; null for classification.</summary>
    public float[]? Targets { get; init; }

    /// <summary>Number of regression targets per sample; 0 for classification.</summary>
    public int TargetSize { get; init; }

    /// <summary>Class of each pixel, Count × AnswerShape bytes, <see cref="Ignored"/> if unknown; null for other data.</summary>
    public byte[]? Mask { get; init; }

    /// <summary>Class of each position of a sequence, Count × AnswerShape numbers, -1 if ignored (padding); null for other data.</summary>
    public int[]? PositionLabels { get; init; }

    /// <summary>The same if they are read on request; null otherwise.</summary>
    public IPositionLabels? PositionLabelRows { get; init; }

    /// <summary>Names of the position classes if they are tags of tokens; null otherwise.</summary>
    internal IReadOnlyList<string>? TagNames { get; init; }

    /// <summary>The tokens of each sequence, including those beyond its last step; null if they are not kept.</summary>
    internal string[][]? Tokens { get; init; }

    /// <summary>Characters per token; null if positions are not those of a text.</summary>
    internal double? CharactersPerToken { get; init; }

    /// <summary>Texts that have not been tokenised yet, in UTF-8; null for other data.</summary>
    internal byte[][]? Texts { get; init; }

    /// <summary>Number of real steps of each sequence, from 1; the rest is padding without effect. Null if all steps are real.</summary>
    public int[]? Lengths { get; init; }

    /// <summary>Shape of the target: [T] for positions of a sequence, [H, W] for a mask, [C, H, W] for target images; null for one class or a row of numbers.</summary>
    public Shape? AnswerShape { get; init; }

    /// <summary>Whether the target is the sample itself, as the network sees it before noise and erasing (an autoencoder).</summary>
    public bool TargetIsInput { get; init; }

    /// <summary>Value of mask pixels that are excluded from loss and metrics.</summary>
    public const byte Ignored = byte.MaxValue;

    /// <summary>Whether the samples have labels or targets.</summary>
    public bool HasAnswers => Labels is not null || Targets is not null || Mask is not null || PositionLabels is not null || PositionLabelRows is not null || TargetIsInput;

    /// <summary>Position of a sample, for messages.</summary>
    public string PlaceOf(int sample) => (Places ?? new SamplePlaces("the data")).Of(sample);

    /// <summary>The samples without labels or targets.</summary>
    public SampleSet WithoutAnswers() => this with { Labels = null, Targets = null, TargetSize = 0, Mask = null, PositionLabels = null, PositionLabelRows = null, AnswerShape = null, TargetIsInput = false };

    /// <summary>The samples at the given positions, in that order, in memory.</summary>
    public SampleSet Pick(ReadOnlySpan<int> positions)
    {
        SampleSet part = Part(positions);
        return part.Rows is null ? part : part.InMemory();
    }

    /// <summary>The samples at the given positions, in that order; on disk if these are.</summary>
    public SampleSet Part(ReadOnlySpan<int> positions) => this with
    {
        Count = positions.Length,
        Bytes = Pick(Bytes, positions, Shape.Count),
        Reals = Pick(Reals, positions, Shape.Count),
        Doubles = Pick(Doubles, positions, Shape.Count),
        Rows = Rows is null ? null : new PickedRows(Rows, positions),
        SourceHash = null,
        Places = Places?.Pick(positions),
        Labels = Pick(Labels, positions, 1),
        Targets = Pick(Targets, positions, TargetSize),
        Mask = Pick(Mask, positions, AnswerShape?.Count ?? 0),
        PositionLabels = Pick(PositionLabels, positions, AnswerShape?.Count ?? 0),
        PositionLabelRows = PositionLabelRows is null ? null : new PickedLabels(PositionLabelRows, positions),
        Texts = Pick(Texts, positions, 1),
        Tokens = Pick(Tokens, positions, 1),
        Lengths = Pick(Lengths, positions, 1),
    };

    /// <summary>The same samples in memory.</summary>
    public SampleSet InMemory()
    {
        if (Rows is null)
            return this;
        if (PositionLabelRows is not null)
            return (this with { PositionLabels = LabelsOfPositions(), PositionLabelRows = null }).InMemory();
        int size = Shape.Count;
        long count = checked((long)Count * size);
        HostMemory.Require("samples", count * (Rows.AreBytes ? 1 : sizeof(double)));
        if (Rows.AreBytes)
        {
            var bytes = new byte[count];
            Concurrently.For(Count, i => Rows.Read(i, bytes.AsSpan(i * size, size)));
            return this with { Rows = null, Bytes = bytes };
        }
        var numbers = new double[count];
        Concurrently.For(Count, i => Rows.Read(i, numbers.AsSpan(i * size, size)));
        return (this with { Rows = null }).WithNumbers(numbers);
    }

    private int[] LabelsOfPositions()
    {
        int size = AnswerShape!.Value.Count;
        var labels = new int[checked(Count * size)];
        for (int i = 0; i < Count; i++)
            PositionLabelRows!.ReadLabels(i, labels.AsSpan(i * size, size));
        return labels;
    }

    /// <summary>Copies raw numbers of the samples, in their order.</summary>
    /// <param name="first">Index of the first among the Count × Shape numbers.</param>
    /// <param name="target">Filled with the numbers.</param>
    public void Read(long first, Span<double> target)
    {
        if (Rows is not null)
        {
            ReadRows(first, target);
            return;
        }
        int begin = (int)first;
        if (Doubles is not null)
        {
            Doubles.AsSpan(begin, target.Length).CopyTo(target);
            return;
        }
        for (int i = 0; i < target.Length; i++)
            target[i] = Reals is not null ? Reals[begin + i] : Bytes![begin + i];
    }

    /// <summary>One of the Count × Shape numbers.</summary>
    public double this[long index]
    {
        get
        {
            if (Rows is null)
                return Doubles is not null ? Doubles[index] : Reals is not null ? Reals[index] : Bytes![index];
            Span<double> one = stackalloc double[1];
            ReadRows(index, one);
            return one[0];
        }
    }

    /// <summary>Copies a sample's bytes if <see cref="AreBytes"/>.</summary>
    internal void ReadBytes(int sample, Span<byte> target)
    {
        if (Rows is not null)
            Rows.Read(sample, target);
        else
            Bytes.AsSpan(sample * Shape.Count, Shape.Count).CopyTo(target);
    }

    private void ReadRows(long first, Span<double> target)
    {
        int size = Shape.Count;
        double[]? whole = null;
        while (!target.IsEmpty)
        {
            int row = (int)(first / size), from = (int)(first % size), count = Math.Min(size - from, target.Length);
            if (count == size)
            {
                Rows!.Read(row, target[..size]);
            }
            else
            {
                whole ??= new double[size];
                Rows!.Read(row, whole);
                whole.AsSpan(from, count).CopyTo(target);
            }
            first += count;
            target = target[count..];
        }
    }

    /// <summary>The same samples with these numbers, as floats if these hold each of them.</summary>
    internal SampleSet WithNumbers(double[] numbers)
    {
        bool exact = Array.TrueForAll(numbers, v => (float)v == v || double.IsNaN(v));
        return this with { Bytes = null, Reals = exact ? Array.ConvertAll(numbers, v => (float)v) : null, Doubles = exact ? null : numbers };
    }

    private static T[]? Pick<T>(T[]? values, ReadOnlySpan<int> positions, int size)
    {
        if (values is null)
            return null;
        var picked = new T[checked(positions.Length * size)];
        for (int i = 0; i < positions.Length; i++)
            Array.Copy(values, (long)positions[i] * size, picked, (long)i * size, size);
        return picked;
    }
}
