using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Augmenting;
using GpuGrad.Training.Data.Rows;

namespace GpuGrad.Training.Steps;

/// <summary>
/// Samples in an order set per epoch, from which the ops take a step's batch and augment it. Samples in memory are all kept on the device.
/// For samples on disk it has room for one batch, which is read ahead and filled before each step. Bytes are normalised on the
/// device; other numbers on the way there, in double, since the difference of two large floats loses its digits (a time in
/// seconds, less its mean).
/// </summary>
public sealed class BatchSource
{
    // Numbers scaled at a time.
    private const int Piece = 1 << 16;

    private readonly SampleSet samples;
    private readonly BatchSlots slots;
    private readonly Normalization normalization;
    private readonly Augmentation? augmentation;
    private readonly BatchMixing? mixing;
    private readonly BatchReader? reader;
    private readonly bool changesMaps;
    private int[]? order;

    /// <param name="name">Name for messages: train, test.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="normalization">Factor and shift per channel.</param>
    /// <param name="augmentation">Random changes; null for none.</param>
    /// <param name="batch">Size of the largest batch; needed for samples on disk.</param>
    public BatchSource(string name, SampleSet samples, Normalization normalization, Augmentations? augmentation = null, int batch = 0)
    {
        this.normalization = normalization;
        this.augmentation = augmentation?.Samples is { IsNone: false } moves ? moves : null;
        mixing = augmentation?.Mixing;
        Name = name;
        BatchChanger? changer = augmentation?.Pictures is { } changes ? new BatchChanger(changes, samples, normalization) : null;
        changesMaps = changer?.HasMaps == true;
        if (changer is not null && samples.Rows is null)
        {
            batch = batch == 0 ? samples.Count : batch;
            samples = samples with { Rows = new HeldRows(samples), Bytes = null, Reals = null, Doubles = null };
        }
        this.samples = samples;
        if (samples.Rows is not null)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
            reader = new BatchReader(samples.Rows, changer);
        }
        slots = new BatchSlots(name, samples, samples.Rows is null ? null : batch, this.augmentation?.OfPlaces() is not null);
    }

    public string Name { get; }

    public int Count => samples.Count;

    /// <summary>Scaling of samples and regression targets.</summary>
    public Normalization Scaling => normalization;

    /// <summary>Whether the layers' outputs for these samples can be read after an evaluation.</summary>
    public bool KeepsActivations { get; init; }

    /// <summary>Whether the samples have labels or targets; without them a network can only predict.</summary>
    public bool HasAnswers => samples.HasAnswers;

    /// <summary>A source of the right shapes that is never uploaded, for inspecting a graph.</summary>
    public static BatchSource Imaginary(DataShape shape, int count) => new(
        "imaginary",
        new SampleSet
        {
            Shape = shape.Shape,
            Count = count,
            Labels = shape.Classes > 0 && shape.Answer is null ? [] : null,
            PositionLabels = shape.HasPositionClasses ? [] : null,
            Mask = shape.MaskShape is not null ? [] : null,
            Targets = shape.Targets > 0 ? [] : null,
            TargetSize = shape.Targets,
            AnswerShape = shape.Answer,
        },
        Normalization.None(shape.Shape[0]));

    /// <summary>Copies the data that stay on the device; the order is that of the samples.</summary>
    public void Upload(DeviceMemory memory)
    {
        if (slots.Rows is null)
            UploadAll(memory);
        else
            memory.Write(slots.Rows, 0, [.. Enumerable.Range(0, (int)slots.Rows.Length)]);
        slots.TargetScale?.Upload(memory);
        Normalization there = IsScaledOnTheWay ? Normalization.None(samples.Shape[0]) : normalization;
        memory.Write(slots.Scale, 0, there.Scale.ToArray().AsSpan());
        memory.Write(slots.Shift, 0, there.Shift.ToArray().AsSpan());
    }

    /// <summary>Sets the order of the samples for an epoch.</summary>
    /// <param name="memory">The memory that holds the samples.</param>
    /// <param name="permutation">Positions of the samples; not changed afterwards.</param>
    public void Shuffle(DeviceMemory memory, int[] permutation)
    {
        order = permutation;
        reader?.Begin(permutation);
        if (slots.Rows is null)
            memory.Write(slots.Indices, 0, permutation);
    }

    /// <summary>Makes the batch of the next step available. Samples on the device already are.</summary>
    /// <param name="memory">The memory that holds the samples.</param>
    /// <param name="cursor">Number of samples in the order before the batch.</param>
    /// <param name="size">Size of the batch.</param>
    /// <param name="time">Number of the batch within the run, which seeds random changes.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a sample cannot be read.</exception>
    public void Provide(DeviceMemory memory, int cursor, int size, BatchTime time = default) => reader?.Take(cursor, size, time, batch =>
    {
        if (samples.AreBytes)
            memory.Write(slots.Data, 0, batch.Bytes.AsSpan(0, size * samples.Shape.Count));
        else
            Write(memory, batch.Numbers.AsSpan(0, size * samples.Shape.Count), 0);
        int[] places = order is null ? [.. Enumerable.Range(cursor, size)] : order[cursor..(cursor + size)];
        memory.Write(slots.Indices, 0, places);
        if (slots.Labels is not null)
            memory.Write(slots.Labels, 0, AllLabels is { } all ? Of(places, all, slots.LabelSize) : Read(places, samples.PositionLabelRows!, slots.LabelSize));
        if (slots.Lengths is not null)
            memory.Write(slots.Lengths, 0, Of(places, samples.Lengths!, 1));
        if (slots.Targets is not null)
            WriteTargets(memory, slots.Targets, changesMaps ? batch.Targets[..(size * samples.TargetSize)] : Of(places, samples.Targets!, samples.TargetSize));
        if (slots.Masks is not null)
            memory.Write(slots.Masks, 0, (changesMaps ? batch.Mask[..(size * samples.AnswerShape!.Value.Count)] : Of(places, samples.Mask!, samples.AnswerShape!.Value.Count)).AsSpan());
    });

    private int[]? AllLabels => samples.Labels ?? samples.PositionLabels;

    // Pixels moved in from outside a picture are 0 before normalisation.
    private bool IsScaledOnTheWay => !samples.AreBytes && augmentation?.IsSpatial != true;

    private void UploadAll(DeviceMemory memory)
    {
        Write(memory, samples, 0, samples.Count, 0);
        if (slots.Labels is not null)
            memory.Write(slots.Labels, 0, AllLabels);
        if (slots.Lengths is not null)
            memory.Write(slots.Lengths, 0, samples.Lengths);
        if (slots.Targets is not null)
            WriteTargets(memory, slots.Targets, samples.Targets!);
        if (slots.Masks is not null)
            memory.Write(slots.Masks, 0, samples.Mask.AsSpan(0, (int)slots.Masks.Length));
        memory.Write(slots.Indices, 0, [.. Enumerable.Range(0, Count)]);
    }

    private void WriteTargets(DeviceMemory memory, Slot slot, float[] values)
    {
        if (normalization.Targets is null)
        {
            memory.Write(slot, 0, values.AsSpan());
            return;
        }
        double[] scaled = Array.ConvertAll(values, t => (double)t);
        normalization.Targets.Apply(scaled, 0, 1);
        memory.Write(slot, 0, scaled.AsSpan());
    }

    /// <summary>Overwrites some samples with others, for a network that answers one request after the other.</summary>
    /// <param name="memory">The memory that holds the samples.</param>
    /// <param name="others">The new samples: of the same shape, and bytes if these are.</param>
    /// <param name="first">Index of the first new sample.</param>
    /// <param name="count">Number of samples to write.</param>
    /// <param name="at">Position to write to.</param>
    public void Write(DeviceMemory memory, SampleSet others, int first, int count, int at)
    {
        int size = samples.Shape.Count;
        if (slots.Lengths is not null)
            memory.Write(slots.Lengths, at, [.. Enumerable.Range(first, count).Select(i => others.Lengths?[i] ?? samples.Shape[0])]);
        if (others.Bytes is not null)
        {
            memory.Write(slots.Data, (long)at * size, others.Bytes.AsSpan(first * size, count * size));
            return;
        }
        int length = count * size;
        var values = new double[Math.Min(Piece, length)];
        for (int begin = 0; begin < length; begin += Piece)
        {
            Span<double> piece = values.AsSpan(0, Math.Min(Piece, length - begin));
            others.Read(((long)first * size) + begin, piece);
            Write(memory, piece, (at * size) + begin);
        }
    }

    private void Write(DeviceMemory memory, Span<double> values, int begin)
    {
        if (IsScaledOnTheWay)
            normalization.Apply(values, begin, samples.Shape.Count / normalization.Scale.Count);
        memory.Write(slots.Data, begin, values);
    }

    /// <summary>A sample as the network sees it, without random changes.</summary>
    public double[] ReadScaled(int place)
    {
        var values = new double[samples.Shape.Count];
        samples.Read((long)place * values.Length, values);
        normalization.Apply(values, 0, samples.Shape.Count / normalization.Scale.Count);
        return values;
    }

    private static T[] Of<T>(int[] places, T[] all, int size)
    {
        var values = new T[places.Length * size];
        for (int i = 0; i < places.Length; i++)
            Array.Copy(all, (long)places[i] * size, values, (long)i * size, size);
        return values;
    }

    private static int[] Read(int[] places, IPositionLabels labels, int size)
    {
        var values = new int[places.Length * size];
        for (int i = 0; i < places.Length; i++)
            labels.ReadLabels(places[i], values.AsSpan(i * size, size));
        return values;
    }

    /// <summary>Adds the ops that fetch a batch.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="batch">Samples in the batch.</param>
    /// <param name="clock">The step's clock.</param>
    public Batch Fetch(Graph graph, int batch, Tensor clock) => new BatchFetch(samples, slots, augmentation, mixing).Add(graph, batch, clock);
}
