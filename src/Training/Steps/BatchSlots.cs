using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Steps;

/// <summary>Device memory for a source's samples and labels: for all of them, or for one batch.</summary>
internal sealed class BatchSlots
{
    /// <param name="name">The source's name, for messages.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="batch">Size of the largest batch if only one batch is held; null to hold all samples.</param>
    /// <param name="movesTargets">Whether target images move with their samples.</param>
    public BatchSlots(string name, SampleSet samples, int? batch, bool movesTargets)
    {
        HasPositions = samples.PositionLabels is not null || samples.PositionLabelRows is not null;
        LabelSize = HasPositions ? samples.AnswerShape!.Value.Count : 1;
        Rows = batch is int most ? new Slot($"{name} rows", ElementType.Int32, Math.Min(most, samples.Count)) : null;
        long held = Rows?.Length ?? samples.Count, length = checked(held * samples.Shape.Length);
        Data = new Slot($"{name} samples", samples.AreBytes ? ElementType.Byte : ElementType.Real, length);
        Labels = samples.Labels is null && !HasPositions ? null : new Slot($"{name} labels", ElementType.Int32, checked(held * LabelSize));
        Lengths = samples.Lengths is null ? null : new Slot($"{name} lengths", ElementType.Int32, held);
        Targets = samples.Targets is null ? null : new Slot($"{name} targets", ElementType.Real, held * samples.TargetSize);
        Indices = new Slot($"{name} order", ElementType.Int32, held);
        Masks = samples.Mask is null ? null : new Slot($"{name} masks", ElementType.Byte, held * samples.AnswerShape!.Value.Length);
        TargetScale = Targets is not null && samples.AnswerShape is Shape map && movesTargets ? new TargetScale(name, map[0]) : null;
        Scale = new Slot($"{name} scale", ElementType.Real, samples.Shape[0]);
        Shift = new Slot($"{name} shift", ElementType.Real, samples.Shape[0]);
    }

    /// <summary>The samples; raw if they are bytes.</summary>
    public Slot Data { get; }

    public Slot? Labels { get; }

    public Slot? Targets { get; }

    /// <summary>The order of all samples, or the positions of a batch's samples in the data set.</summary>
    public Slot Indices { get; }

    /// <summary>0, 1, 2, …: the rows of a batch's samples if only a batch is held; else null.</summary>
    public Slot? Rows { get; }

    public Slot? Masks { get; }

    public Slot? Lengths { get; }

    /// <summary>Scale of target images that move with their samples; else null.</summary>
    public TargetScale? TargetScale { get; }

    /// <summary>Factor and shift per channel.</summary>
    public Slot Scale { get; }

    public Slot Shift { get; }

    /// <summary>Number of labels per sample.</summary>
    public int LabelSize { get; }

    /// <summary>Whether each position of a sequence has a label.</summary>
    public bool HasPositions { get; }
}

/// <summary>Leaves target images unchanged when they move with their samples: each channel times 1, plus 0.</summary>
internal sealed class TargetScale(string name, int channels)
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
