using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Augmenting;

namespace GpuGrad.Training.Steps;

/// <summary>Adds the ops that make a batch from data on the device: gather, normalise, augment, mix.</summary>
internal sealed class BatchFetch(SampleSet samples, BatchSlots slots, Augmentation? augmentation, BatchMixing? mixing)
{
    /// <summary>Adds the ops that fetch a batch.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="batch">Samples in the batch.</param>
    /// <param name="clock">The step's clock.</param>
    public Batch Add(Graph graph, int batch, Tensor clock)
    {
        // Positions of the samples in the device's memory, and in the data set, which seed their random changes.
        Tensor at = slots.Rows is null
            ? graph.Add(new SelectBatch(batch), graph.Persistent(slots.Indices.Name, new Shape(samples.Count), slots.Indices), clock)
            : graph.Persistent(slots.Rows.Name, new Shape(batch), slots.Rows);
        Tensor which = slots.Rows is null ? at : graph.Persistent(slots.Indices.Name, new Shape(batch), slots.Indices);
        int held = (int)slots.Indices.Length;
        Tensor[] inputs =
        [
            graph.Persistent(slots.Data.Name, samples.Shape.Prepend(held), slots.Data),
            augmentation is null ? at : which,
            graph.Persistent(slots.Scale.Name, new Shape((int)slots.Scale.Length), slots.Scale),
            graph.Persistent(slots.Shift.Name, new Shape((int)slots.Shift.Length), slots.Shift),
        ];
        Tensor x = Gather(graph, inputs, augmentation, clock);
        Tensor? steps = slots.Lengths is null ? null : graph.Add(new GatherRows(), graph.Persistent(slots.Lengths.Name, new Shape(held), slots.Lengths), at);
        var batchOf = new Batch(x, Labels(graph, at, which, clock), Targets(graph, x, inputs, at, which, clock), steps);
        return mixing is null ? batchOf : Mix(graph, batchOf, clock);
    }

    private Batch Mix(Graph graph, Batch batch, Tensor clock)
    {
        Tensor x = graph.Add(new MixBatch(mixing!.Cutmix is not null), batch.X, clock);
        if (batch.Targets is not null)
            return batch with { X = x, Targets = graph.Add(new MixBatch(false), batch.Targets, clock) };
        IReadOnlyList<Tensor> mixed = graph.AddAll(new MixLabels(), batch.Labels!, clock);
        return batch with { X = x, Mixed = new MixedLabels(mixed[0], mixed[1], mixed[2], mixed[3]) };
    }

    // The changes that move pixels, and so labels too; null for none.
    private Augmentation? Moves => augmentation?.OfPlaces();

    private Tensor Gather(Graph graph, Tensor[] inputs, Augmentation? augmentation, Tensor clock) => augmentation is null
        ? graph.Add(new GatherImages(), inputs)
        : graph.Add(new AugmentImages(augmentation) { InOrder = slots.Rows is not null }, [.. inputs, clock]);

    private Tensor? Labels(Graph graph, Tensor at, Tensor which, Tensor clock)
    {
        int held = (int)slots.Indices.Length;
        if (slots.Labels is not null)
            return graph.Add(new GatherRows(), graph.Persistent(slots.Labels.Name, slots.HasPositions ? samples.AnswerShape!.Value.Prepend(held) : new Shape(held), slots.Labels), at);
        if (slots.Masks is null)
            return null;
        Tensor all = graph.Persistent(slots.Masks.Name, samples.AnswerShape!.Value.Prepend(held), slots.Masks);
        return Moves is null ? graph.Add(new GatherMasks(), all, at) : graph.Add(new GatherMasks(Moves) { InOrder = slots.Rows is not null }, all, which, clock);
    }

    private Tensor? Targets(Graph graph, Tensor x, Tensor[] inputs, Tensor at, Tensor which, Tensor clock)
    {
        int held = (int)slots.Indices.Length;
        if (samples.TargetIsInput && (augmentation is null || augmentation == Moves))
            return x;
        if (samples.TargetIsInput)
            return Gather(graph, [inputs[0], Moves is null ? at : which, inputs[2], inputs[3]], Moves, clock);
        if (slots.Targets is null)
            return null;
        Tensor all = graph.Persistent(slots.Targets.Name, (samples.AnswerShape ?? new Shape(samples.TargetSize)).Prepend(held), slots.Targets);
        return slots.TargetScale is null
            ? graph.Add(new GatherRows(), all, at)
            : graph.Add(new AugmentImages(Moves!) { InOrder = slots.Rows is not null }, all, which, slots.TargetScale.Scale(graph), slots.TargetScale.Shift(graph), clock);
    }
}
