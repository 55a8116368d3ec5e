using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Tests.Evaluation;

/// <summary>Figures over the positions of sequences.</summary>
public sealed class PositionFigureTests
{
    // Two samples of three positions, two classes; the last position of the second has none.
    private static readonly SampleSet Samples = new() { Shape = new Shape(3), Count = 2, Reals = new float[6], PositionLabels = [0, 1, 1, 0, 0, -1], AnswerShape = new Shape(3) };

    private static readonly float[] Scores = [2, 0, 0, 1, 3, 0, 0, 0, -1, 1, 100, -100];

    [Fact]
    public void Perplexity_is_that_of_the_positions_that_have_a_class()
    {
        double[] losses = [Loss(2, 0), Loss(1, 0), Loss(0, 3), Loss(0, 0), Loss(-1, 1)];
        EvaluationReport report = Report(Samples, batch: 2);
        Assert.Equal(losses.Average(), report["log_loss"], 1e-12);
        Assert.Equal(Math.Exp(losses.Average()), report["perplexity"], 1e-12);
        Assert.Equal(3.0 / 5, report["accuracy"], 1e-12); // of equal scores the first wins
        Assert.Equal(new long[,] { { 2, 1 }, { 1, 1 } }, report.Confusion);
        Assert.True(double.IsNaN(report["bits_per_character"]));
    }

    [Fact]
    public void Bits_per_character_count_the_characters_of_a_token()
    {
        EvaluationReport report = Report(Samples with { CharactersPerToken = 2.5 }, batch: 1);
        Assert.Equal(report["log_loss"] / Math.Log(2) / 2.5, report["bits_per_character"], 1e-12);
        Assert.Null(report.Confusion); // of tokens nobody looks at a table
    }

    private static double Loss(double right, double wrong) => Math.Log(1 + Math.Exp(wrong - right));

    private static EvaluationReport Report(SampleSet samples, int batch)
    {
        var evaluator = new Evaluator(new SoftmaxCrossEntropyConfig(), samples, 2);
        for (int i = 0; i < samples.Count; i += batch)
            evaluator.Add(Scores.AsSpan(i * 6, batch * 6), 6);
        return evaluator.Report()!;
    }
}
