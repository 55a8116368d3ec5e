using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Augmenting;
using GpuGrad.Training.Data.Rows;

namespace GpuGrad.Training.Steps;

/// <summary>A batch in a graph: the samples, and what should come out for them.</summary>
/// <param name="X">[N, …].</param>
/// <param name="Labels">int [N], of masks [N, H, W], of positions [N, T], or null.</param>
/// <param name="Targets">[N, D], where they are images [N, C, H, W], or null.</param>
/// <param name="Lengths">Real steps of each sequence, int [N], or null where all are.</param>
public sealed record Batch(Tensor X, Tensor? Labels, Tensor? Targets, Tensor? Lengths = null)
{
    /// <summary>The labels of the samples that these were mixed with; null where they were not.</summary>
    public MixedLabels? Mixed { get; init; }
}

/// <summary>What is said of samples that were mixed with others.</summary>
/// <param name="Partners">int [N], the labels of the others.</param>
/// <param name="Larger">int [N], the label with the larger share.</param>
/// <param name="Own">The share of a sample itself, one number.</param>
/// <param name="Other">The rest of 1.</param>
public sealed record MixedLabels(Tensor Partners, Tensor Larger, Tensor Own, Tensor Other);

/// <summary>
/// Samples in an order given each epoch, of which the ops pick a step's batch and augment it. Those in memory lie on the device, all of
/// them; of those on disk there is room for a batch, which is filled before each step and read ahead of it. Bytes are normalised on the
/// device; other numbers on the way there, in double, because the difference of two large floats is no number to learn from (a time in
/// seconds, less its mean).
/// </summary>
public sealed class BatchSource
{
    // Numbers are scaled so many at a time.
    private const int Piece = 1 << 16;

    private readonly SampleSet samples;
    private readonly Slot data;
    private readonly Slot? labels;
    private readonly Slot? targets;
    private readonly Slot indices; // the order of all samples, or the positions of a batch's
    private readonly Slot? rows; // 0, 1, 2, …: where a batch's samples stand
    private readonly Slot? masks;
    private readonly Slot? lengths;
    private readonly TargetScale? targetScale;
    private readonly Slot scale;
    private readonly Slot shift;
    private readonly Normalization normalization;
    private readonly Augmentation? augmentation;
    private readonly BatchMixing? mixing;
    private readonly BatchReader? reader;
    private readonly bool changesMaps;
    private int[]? order;

    /// <param name="name">For messages: train, test.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="normalization">Factor and shift of each channel.</param>
    /// <param name="augmentation">Random changes; null for none.</param>
    /// <param name="batch">Samples of the largest batch; needed where samples are on disk.</param>
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
            rows = new Slot($"{name} rows", ElementType.Int32, Math.Min(batch, samples.Count));
        }
        long held = rows?.Length ?? samples.Count, length = checked(held * samples.Shape.Length);
        data = new Slot($"{name} samples", samples.AreBytes ? ElementType.Byte : ElementType.Real, length);
        labels = AllLabels is null && samples.PositionLabelRows is null ? null : new Slot($"{name} labels", ElementType.Int32, checked(held * LabelSize));
        lengths = samples.Lengths is null ? null : new Slot($"{name} lengths", ElementType.Int32, held);
        targets = samples.Targets is null ? null : new Slot($"{name} targets", ElementType.Real, held * samples.TargetSize);
        indices = new Slot($"{name} order", ElementType.Int32, held);
        masks = samples.Mask is null ? null : new Slot($"{name} masks", ElementType.Byte, held * samples.AnswerShape!.Value.Length);
        targetScale = targets is not null && samples.AnswerShape is Shape map && Moves is not null ? new TargetScale(name, map[0]) : null;
        scale = new Slot($"{name} scale", ElementType.Real, samples.Shape[0]);
        shift = new Slot($"{name} shift", ElementType.Real, samples.Shape[0]);
    }

    public string Name { get; }

    public int Count => samples.Count;

    /// <summary>How samples and the numbers to predict are scaled.</summary>
    public Normalization Scaling => normalization;

    /// <summary>Whether the layers' outputs for these samples can be read after an evaluation.</summary>
    public bool KeepsActivations { get; init; }

    /// <summary>Whether it is known what should come out: without, a network can only predict.</summary>
    public bool HasAnswers => samples.HasAnswers;

    /// <summary>A source of the right shapes that is never uploaded, for looking at a graph.</summary>
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

    /// <summary>Copies to the device what stays there; the order is that of the samples.</summary>
    public void Upload(DeviceMemory memory)
    {
        if (rows is null)
            UploadAll(memory);
        else
            memory.Write(rows, 0, [.. Enumerable.Range(0, (int)rows.Length)]);
        targetScale?.Upload(memory);
        Normalization there = IsScaledOnTheWay ? Normalization.None(samples.Shape[0]) : normalization;
        memory.Write(scale, 0, there.Scale.ToArray().AsSpan());
        memory.Write(shift, 0, there.Shift.ToArray().AsSpan());
    }

    /// <summary>Sets which sample comes when, for an epoch.</summary>
    /// <param name="memory">Where the samples were uploaded to.</param>
    /// <param name="permutation">Positions of the samples; not changed afterwards.</param>
    public void Shuffle(DeviceMemory memory, int[] permutation)
    {
        order = permutation;
        reader?.Begin(permutation);
        if (rows is null)
            memory.Write(indices, 0, permutation);
    }

    /// <summary>Makes a batch ready for the step that is run next. Samples that lie on the device are.</summary>
    /// <param name="memory">Where the samples were uploaded to.</param>
    /// <param name="cursor">How many samples of the order come before the batch.</param>
    /// <param name="size">Samples of the batch.</param>
    /// <param name="time">Which batch of the run it is, by which random changes go.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a sample cannot be read.</exception>
    public void Provide(DeviceMemory memory, int cursor, int size, BatchTime time = default) => reader?.Take(cursor, size, time, batch =>
    {
        if (samples.AreBytes)
            memory.Write(data, 0, batch.Bytes.AsSpan(0, size * samples.Shape.Count));
        else
            Write(memory, batch.Numbers.AsSpan(0, size * samples.Shape.Count), 0);
        int[] places = order is null ? [.. Enumerable.Range(cursor, size)] : order[cursor..(cursor + size)];
        memory.Write(indices, 0, places);
        if (labels is not null)
            memory.Write(labels, 0, AllLabels is { } all ? Of(places, all, LabelSize) : Read(places, samples.PositionLabelRows!, LabelSize));
        if (lengths is not null)
            memory.Write(lengths, 0, Of(places, samples.Lengths!, 1));
        if (targets is not null)
            WriteTargets(memory, targets, changesMaps ? batch.Targets[..(size * samples.TargetSize)] : Of(places, samples.Targets!, samples.TargetSize));
        if (masks is not null)
            memory.Write(masks, 0, (changesMaps ? batch.Mask[..(size * samples.AnswerShape!.Value.Count)] : Of(places, samples.Mask!, samples.AnswerShape!.Value.Count)).AsSpan());
    });

    private int[]? AllLabels => samples.Labels ?? samples.PositionLabels;

    // Labels of a sample.
    private int LabelSize => HasPositions ? samples.AnswerShape!.Value.Count : 1;

    private bool HasPositions => samples.PositionLabels is not null || samples.PositionLabelRows is not null;

    // What is moved into a picture from outside it is 0 before it is normalised.
    private bool IsScaledOnTheWay => !samples.AreBytes && augmentation?.IsSpatial != true;

    private void UploadAll(DeviceMemory memory)
    {
        Write(memory, samples, 0, samples.Count, 0);
        if (labels is not null)
            memory.Write(labels, 0, AllLabels);
        if (lengths is not null)
            memory.Write(lengths, 0, samples.Lengths);
        if (targets is not null)
            WriteTargets(memory, targets, samples.Targets!);
        if (masks is not null)
            memory.Write(masks, 0, samples.Mask.AsSpan(0, (int)masks.Length));
        memory.Write(indices, 0, [.. Enumerable.Range(0, Count)]);
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

    /// <summary>Puts other samples in the place of some, for a network that answers one question after the other.</summary>
    /// <param name="memory">Where the samples were uploaded to.</param>
    /// <param name="others">Of the same shape, bytes if these are.</param>
    /// <param name="first">The first of them that is taken.</param>
    /// <param name="count">How many are.</param>
    /// <param name="at">Where it goes.</param>
    public void Write(DeviceMemory memory, SampleSet others, int first, int count, int at)
    {
        int size = samples.Shape.Count;
        if (others.Bytes is not null)
        {
            memory.Write(data, (long)at * size, others.Bytes.AsSpan(first * size, count * size));
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
        memory.Write(data, begin, values);
    }

    /// <summary>A sample as a network gets it where nothing changes it at random.</summary>
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
    public Batch Fetch(Graph graph, int batch, Tensor clock)
    {
        // Where the samples stand in what is held, and in the data set, by which their random changes go.
        Tensor at = rows is null
            ? graph.Add(new SelectBatch(batch), graph.Persistent(indices.Name, new Shape(Count), indices), clock)
            : graph.Persistent(rows.Name, new Shape(batch), rows);
        Tensor which = rows is null ? at : graph.Persistent(indices.Name, new Shape(batch), indices);
        int held = (int)indices.Length;
        Tensor[] inputs =
        [
            graph.Persistent(data.Name, samples.Shape.Prepend(held), data),
            augmentation is null ? at : which,
            graph.Persistent(scale.Name, new Shape((int)scale.Length), scale),
            graph.Persistent(shift.Name, new Shape((int)shift.Length), shift),
        ];
        Tensor x = Gather(graph, inputs, augmentation, clock);
        Tensor? steps = lengths is null ? null : graph.Add(new GatherRows(), graph.Persistent(lengths.Name, new Shape(held), lengths), at);
        var batchOf = new Batch(x, Labels(graph, at, which, clock), Targets(graph, x, inputs, at, which, clock), steps);
        return mixing is null ? batchOf : Mix(graph, batchOf, clock);
    }

    private Batch Mix(Graph graph, Batch batch, Tensor clock)
    {
        Tensor x = graph.Add(new MixBatch(mixing!.Cutmix is not null), batch.X, clock);
        if (batch.Targets is not null)
            return batch with { X = x, Targets = graph.Add(new MixBatch(false), batch.Targets, clock) };
        IReadOnlyList<Tensor> labels = graph.AddAll(new MixLabels(), batch.Labels!, clock);
        return batch with { X = x, Mixed = new MixedLabels(labels[0], labels[1], labels[2], labels[3]) };
    }

    // What moves pixels and so what is said of them; null for nothing.
    private Augmentation? Moves => augmentation?.OfPlaces();

    private Tensor Gather(Graph graph, Tensor[] inputs, Augmentation? augmentation, Tensor clock) => augmentation is null
        ? graph.Add(new GatherImages(), inputs)
        : graph.Add(new AugmentImages(augmentation) { InOrder = rows is not null }, [.. inputs, clock]);

    private Tensor? Labels(Graph graph, Tensor at, Tensor which, Tensor clock)
    {
        int held = (int)indices.Length;
        if (labels is not null)
            return graph.Add(new GatherRows(), graph.Persistent(labels.Name, HasPositions ? samples.AnswerShape!.Value.Prepend(held) : new Shape(held), labels), at);
        if (masks is null)
            return null;
        Tensor all = graph.Persistent(masks.Name, samples.AnswerShape!.Value.Prepend(held), masks);
        return Moves is null ? graph.Add(new GatherMasks(), all, at) : graph.Add(new GatherMasks(Moves) { InOrder = rows is not null }, all, which, clock);
    }

    private Tensor? Targets(Graph graph, Tensor x, Tensor[] inputs, Tensor at, Tensor which, Tensor clock)
    {
        int held = (int)indices.Length;
        if (samples.TargetIsInput && (augmentation is null || augmentation == Moves))
            return x;
        if (samples.TargetIsInput)
            return Gather(graph, [inputs[0], Moves is null ? at : which, inputs[2], inputs[3]], Moves, clock);
        if (targets is null)
            return null;
        Tensor all = graph.Persistent(targets.Name, (samples.AnswerShape ?? new Shape(samples.TargetSize)).Prepend(held), targets);
        return targetScale is null
            ? graph.Add(new GatherRows(), all, at)
            : graph.Add(new AugmentImages(Moves!) { InOrder = rows is not null }, all, which, targetScale.Scale(graph), targetScale.Shift(graph), clock);
    }

    /// <summary>Leaves target images as they are when they are moved with their samples: each channel times 1, plus 0.</summary>
    private sealed class TargetScale(string name, int channels)
    {
        private readonly Slot scale = new($"{name} target scale", ElementType.Real, channels);
        private readonly Slot shift = new($"{name} target shift", ElementType.Real, channels);

        public void Upload(DeviceMemory memory)
        {
            memory.Write(scale, 0, [.. Enumerable.Repeat(1.0, channels)]);
            memory.Write(shift, 0, new double[channels]);
        }

        public Tensor Scale(Graph graph) => graph.Persistent(scale.Name, new Shape(channels), scale);

        public Tensor Shift(Graph graph) => graph.Persistent(shift.Name, new Shape(channels), shift);
    }
}
