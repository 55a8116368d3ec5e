namespace GpuGrad.Training.BlackBox;

/// <summary>A batch as it was trained on.</summary>
/// <param name="Number">Batches done before it: with the seed it gives all of its random bits.</param>
/// <param name="Order">The order of its epoch.</param>
/// <param name="Cursor">Where in that order it begins.</param>
/// <param name="Size">Its samples.</param>
public sealed record BatchRecord(long Number, int[] Order, int Cursor, int Size)
{
    /// <summary>Indices of its samples in the training data.</summary>
    public ReadOnlySpan<int> Samples => Order.AsSpan(Cursor, Size);
}

/// <summary>Everything that decides what an optimizer step computes, besides the state that it begins with.</summary>
/// <param name="Step">The step, from 1.</param>
/// <param name="Epoch">Its epoch, from 1.</param>
/// <param name="Rate">Its learning rate.</param>
/// <param name="Watched">Whether it was looked into.</param>
/// <param name="Batches">Its batches; several where gradients are accumulated.</param>
public sealed record StepRecord(long Step, int Epoch, double Rate, bool Watched, IReadOnlyList<BatchRecord> Batches);
