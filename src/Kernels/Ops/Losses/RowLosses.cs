using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Losses;

/// <summary>Shared code of losses over class scores: a row of scores and a label give a term, and terms are averaged.</summary>
internal static class RowLosses
{
    /// <summary>Checks scores [N, K] and labels int [N].</summary>
    public static void Check(TensorType scores, TensorType labels)
    {
        Expect.Rank(scores, 2, "scores", "[samples, classes]");
        Expect.Element(scores, ElementType.Real, "scores");
        Expect.Element(labels, ElementType.Int32, "labels");
        Expect.Shape(labels, new Shape(scores.Shape[0]), "labels");
    }

    /// <summary>The kernels' sizes for scores [N, K].</summary>
    public static RowSizes Sizes(Shape scores) => new(scores[0], scores[1], RowTeams.Size(scores[1]));

    /// <summary>Adds the phases that compute each row's term and write Σ terms / total; the total is the number of rows if null, and may be 0 if every term is.</summary>
    public static unsafe void AddMean(CpuBinding b, int rows, Func<int, double> term, float* loss, Func<double>? total = null)
    {
        ScratchRegion terms = b.Scratch(rows);
        b.Parallel(rows, (begin, end, _) =>
        {
            for (int i = begin; i < end; i++)
                terms.Pointer[i] = (float)term(i);
        }, grain: 32);
        b.Serial(() =>
        {
            double sum = 0;
            for (int i = 0; i < rows; i++)
                sum += terms.Pointer[i];
            double all = total?.Invoke() ?? rows;
            loss[0] = (float)(all > 0 ? sum / all : sum);
        });
    }
}
