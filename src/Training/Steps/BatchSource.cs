using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Steps;

/// <summary>A batch in a graph: the samples, and what should come out for them.</summary>
/// <param name="X">[N, …].</param>
/// <param name="Labels">int [N], or null.</param>
/// <param name="Targets">[N, D], or null.</param>
public sealed record Batch(Tensor X, Tensor? Labels, Tensor? Targets);

/// <summary>
/// Samples that lie on the device, in an order given each epoch. Its ops pick a step's batch out of them and augment it.
/// Bytes are normalised there; other numbers on the way there, in double, because the difference of two large floats is no
/// number to learn from (a time in seconds, less its mean).
/// </summary>
public sealed class BatchSource
{
    // Numbers are scaled so many at a time.
    private const int Piece = 1 << 16;

    private readonly SampleSet samples;
    private readonly Slot data;
    private readonly Slot? labels;
    private readonly Slot? targets;
    private readonly Slot scale;
    private readonly Slot shift;
    private readonly Normalization normalization;
    private readonly Augmentation? augmentation;

    /// <param name="name">For messages: train, test.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="normalization">Factor and shift of each channel.</param>
    /// <param name="augmentation">Random changes; null for none.</param>
    public BatchSource(string name, SampleSet samples, Normalization normalization, Augmentation? augmentation = null)
    {
        this.samples = samples;
        this.normalization = normalization;
        this.augmentation = augmentation;
        Name = name;
        long length = checked(samples.Count * samples.Shape.Length);
        data = new Slot($"{name} samples", samples.Bytes is null ? ElementType.Real : ElementType.Byte, length);
        labels = samples.Labels is null ? null : new Slot($"{name} labels", ElementType.Int32, samples.Count);
        targets = samples.Targets is null ? null : new Slot($"{name} targets", ElementType.Real, (long)samples.Count * samples.TargetSize);
        Order = new Slot($"{name} order", ElementType.Int32, samples.Count);
        scale = new Slot($"{name} scale", ElementType.Real, normalization.Scale.Count);
        shift = new Slot($"{name} shift", ElementType.Real, normalization.Shift.Count);
    }

    public string Name { get; }

    public int Count => samples.Count;

    /// <summary>Whether it is known what should come out: without, a network can only predict.</summary>
    public bool HasAnswers => labels is not null || targets is not null;

    /// <summary>A source of the right shapes that is never uploaded, for looking at a graph.</summary>
    public static BatchSource Imaginary(DataShape shape, int count) => new(
        "imaginary",
        new SampleSet
        {
            Shape = shape.Shape,
            Count = count,
            Labels = shape.Classes > 0 ? [] : null,
            Targets = shape.Targets > 0 ? [] : null,
            TargetSize = shape.Targets,
        },
        Normalization.None(shape.Shape[0]));

    /// <summary>Which sample comes when: a permutation, written at the beginning of an epoch.</summary>
    public Slot Order { get; }

    /// <summary>Copies the samples to the device; the order is that of the samples.</summary>
    public void Upload(DeviceMemory memory)
    {
        if (samples.Bytes is not null)
            memory.Write(data, 0, samples.Bytes.AsSpan(0, (int)data.Length));
        else
            UploadNumbers(memory);
        if (labels is not null)
            memory.Write(labels, 0, samples.Labels);
        if (targets is not null)
            memory.Write(targets, 0, samples.Targets.AsSpan());
        Normalization there = IsScaledOnTheWay ? Normalization.None(normalization.Scale.Count) : normalization;
        memory.Write(scale, 0, there.Scale.ToArray().AsSpan());
        memory.Write(shift, 0, there.Shift.ToArray().AsSpan());
        memory.Write(Order, 0, [.. Enumerable.Range(0, Count)]);
    }

    // What is moved into a picture from outside it is 0 before it is normalised.
    private bool IsScaledOnTheWay => samples.Bytes is null && augmentation?.IsSpatial != true;

    private void UploadNumbers(DeviceMemory memory)
    {
        var values = new double[Math.Min(Piece, (int)data.Length)];
        int plane = samples.Shape.Count / normalization.Scale.Count;
        for (int begin = 0; begin < data.Length; begin += Piece)
        {
            Span<double> piece = values.AsSpan(0, Math.Min(Piece, (int)data.Length - begin));
            samples.Read(begin, piece);
            if (IsScaledOnTheWay)
                normalization.Apply(piece, begin, plane);
            memory.Write(data, begin, piece);
        }
    }

    /// <summary>Adds the ops that fetch a batch.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="batch">Samples in the batch.</param>
    /// <param name="clock">The step's clock.</param>
    public Batch Fetch(Graph graph, int batch, Tensor clock)
    {
        Tensor order = graph.Persistent(Order.Name, new Shape(Count), Order);
        Tensor indices = graph.Add(new SelectBatch(batch), order, clock);
        Tensor[] inputs =
        [
            graph.Persistent(data.Name, samples.Shape.Prepend(Count), data),
            indices,
            graph.Persistent(scale.Name, new Shape((int)scale.Length), scale),
            graph.Persistent(shift.Name, new Shape((int)shift.Length), shift),
        ];
        Tensor x = augmentation is null
            ? graph.Add(new GatherImages(), inputs)
            : graph.Add(new AugmentImages(augmentation), [.. inputs, clock]);
        return new Batch(
            x,
            labels is null ? null : graph.Add(new GatherRows(), graph.Persistent(labels.Name, new Shape(Count), labels), indices),
            targets is null ? null : graph.Add(new GatherRows(), graph.Persistent(targets.Name, new Shape(Count, samples.TargetSize), targets), indices));
    }
}
