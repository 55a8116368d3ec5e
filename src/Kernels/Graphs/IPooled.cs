namespace GpuGrad.Kernels.Graphs;

/// <summary>
/// An op over the samples of a batch whose outputs are those of the whole batch, also where other processes have a part of it: who runs the plan then adds up
/// some sums over all parts between this op and the next.
/// </summary>
public interface IPooled
{
    /// <summary>Number of sums.</summary>
    int SumLength(Node node);

    /// <summary>This part's sums, from what the op has computed of it. A part without samples gives zeros.</summary>
    /// <param name="node">The op in its graph.</param>
    /// <param name="outputs">The values of each output.</param>
    /// <param name="sums">Takes the sums.</param>
    void ToSums(Node node, double[][] outputs, Span<double> sums);

    /// <summary>The outputs of the whole batch.</summary>
    /// <param name="sums">The sums over all parts.</param>
    /// <param name="outputs">Outputs as this part computed them; those that the sums decide are replaced.</param>
    void FromSums(ReadOnlySpan<double> sums, double[][] outputs);
}
