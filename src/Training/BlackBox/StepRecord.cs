namespace GpuGrad.Training.BlackBox;

/// <summary>A batch that was trained on.</summary>
/// <param name="Number">Number of batches done before it; with the seed it determines all random bits.</param>
/// <param name="Order">The order of its epoch.</param>
/// <param name="Cursor">Its first position in that order.</param>
/// <param name="Size">Number of samples.</param>
public sealed record BatchRecord(long Number, int[] Order, int Cursor, int Size)
{
    /// <summary>Indices of its samples in the training data.</summary>
    public ReadOnlySpan<int> Samples => Order.AsSpan(Cursor, Size);
}

/// <summary>Everything that determines an optimizer step besides the state before it.</summary>
/// <param name="Step">The step, from 1.</param>
/// <param name="Epoch">Its epoch, from 1.</param>
/// <param name="Rate">Its learning rate.</param>
/// <param name="Watched">Whether it was watched.</param>
/// <param name="Batches">Its batches; several if gradients are accumulated.</param>
public sealed record StepRecord(long Step, int Epoch, double Rate, bool Watched, IReadOnlyList<BatchRecord> Batches);
