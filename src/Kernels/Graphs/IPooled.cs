namespace GpuGrad.Kernels.Graphs;

/// <summary>
/// An op whose outputs depend on the whole batch, even if other processes hold parts of it: the code that runs the plan then adds up some sums
/// over all parts between this op and the next.
/// </summary>
public interface IPooled
{
    /// <summary>Number of sums.</summary>
    int SumLength(Node node);

    /// <summary>Computes this part's sums from its outputs. A part without samples gives zeros.</summary>
    /// <param name="node">The op in its graph.</param>
    /// <param name="outputs">The values of each output.</param>
    /// <param name="sums">Takes the sums.</param>
    void ToSums(Node node, double[][] outputs, Span<double> sums);

    /// <summary>Computes the outputs of the whole batch.</summary>
    /// <param name="sums">The sums over all parts.</param>
    /// <param name="outputs">Outputs as this part computed them; those that depend on the sums are replaced.</param>
    void FromSums(ReadOnlySpan<double> sums, double[][] outputs);
}
