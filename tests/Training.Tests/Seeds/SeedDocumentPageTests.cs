using System.Text;
using GpuGrad.Training.Tests.Docs;
using static GpuGrad.Training.Tests.Seeds.SeedExpressions;

namespace GpuGrad.Training.Tests.Seeds;

/// <summary>docs/seed-documents.md: what the five texts teach, the command that shows it, the test that holds it.</summary>
public sealed class SeedDocumentPageTests
{
    [Fact]
    public void The_page_shows_the_commands_whose_expressions_are_tested() => DocumentFile.Check("seed-documents.md", Page());

    private static string Page()
    {
        var page = new StringBuilder("""
            # What the texts teach, and where to see it

            GpuGrad grew from five texts about gradients. Each row is something that they say, the command that shows it, and the test that
            holds the program to it. Run the commands in the folder of the program. This page is made by `SeedDocumentPageTests`, from the
            expressions that the tests compute.

            | # | what | number | command | test |
            |---|---|---|---|---|

            """);
        foreach (Row row in Rows())
            page.Append('|').Append(string.Join('|', $" {row.Number} ", $" {row.What} ", $" {row.Result} ", $" {row.Command} ", $" {row.Test} ")).Append("|\n");
        page.Append("""

            ## The commands

            Expressions that are too long for the table:


            """);
        foreach ((string title, string expression, string at, string claim) in new[]
        {
            ("Row 3", Convolution, ConvolutionAt, ""), ("Row 4", Pooling, PoolingAt, ""), ("Row 7", TwoLayers, TwoLayersAt, ""), ("Row 8", ThreeLayers, ThreeLayersAt, ""),
            ("Row 10, the text's equation (exit code 1: its sign is wrong)", OneLayer, OneLayerAt, OneLayerClaim), ("Row 10, put right", OneLayer, OneLayerAt, OneLayerRight),
            ("Row 10, a vector", OneLayerVector, OneLayerVectorAt, OneLayerVectorRight), ("Row 12", Svm, SvmAt, SvmRight), ("Row 20", Staged, StagedAt, ""),
        })
        {
            page.Append($"{title}:\n\n```sh\n./gpugrad explain \"{expression}\" \\\n  --at {at}{(claim.Length > 0 ? $" \\\n  --claim \"{claim}\"" : "")}\n```\n\n");
        }
        page.Append("""
            ## The sign in row 10

            The third text derives ∂ŷ/∂W = ŷ(1 - ŷ)·(-x) in its equation (3), and from it ∂L/∂W = (y - ŷ)·ŷ(1 - ŷ)·x in (4). But ŷ = σ(Wx) rises with
            Wx, so ∂ŷ/∂W is ŷ(1 - ŷ)·x, and with ∂L/∂ŷ = ŷ - y the gradient is (ŷ - y)·ŷ(1 - ŷ)·x. `--claim` compares a derivative worked out by hand
            with a central difference, and says of the text's: *wrong sign: it is minus the gradient*. Whoever trains with it climbs.

            """);
        return page.ToString().ReplaceLineEndings("\n");
    }

    private static IEnumerable<Row> Rows()
    {
        const string Expressions = "`SeedExpressionTests`", Networks = "`SeedNetworkTests`", Check = "`GradientCheckTests`", Circuits = "`CircuitTests`", Trained = "`SeedTrainingTests`";
        yield return new(1, "derivative of 2x² at 3", "12", Explain(Square, SquareAt), Expressions);
        yield return new(2, "gradient of 2x² + 3y² at (3, 5)", "12, 30", Explain(TwoSquares, TwoSquaresAt), Expressions);
        yield return new(3, "1-D convolution, its sum and its gradient in the kernel", "39; 7, 7, 6", "`explain`, below", $"{Expressions}, {Networks}");
        yield return new(4, "max pooling: ties share the gradient (`maxpool: {ties: split}`)", "10; 0, 0, 3, ⅓, ⅓, ⅓", "`explain`, below", $"{Expressions}, {Networks}");
        yield return new(5, "activations and their derivatives as pictures", "", "`./gpugrad atlas functions`", Networks);
        yield return new(6, "gates: the gradient that arrives times the local one", "", Explain(Gates, GatesAt), Expressions);
        yield return new(7, "2-2-1 sigmoid net: ∂L/∂W1[1][1]", "-0.0026226947", "`explain`, below", $"{Expressions}, {Networks}");
        yield return new(8, "3-3-2-2 net: dW3, dW2, dW1", "the three matrices", "`explain`, below", $"{Expressions}, {Networks}");
        yield return new(9, "matrix form: dW = Xᵀ·dY, dX = dY·Wᵀ", "", "`./gpugrad gradcheck configs/spirals.yaml`", Networks);
        yield return new(10, "one layer: (ŷ - y)·ŷ(1 - ŷ)·x; the text's sign is wrong", "", "`explain --claim`, below", Expressions);
        yield return new(11, "many inputs, two layers", "", "`./gpugrad gradcheck configs/spirals.yaml --samples 0`", Networks);
        yield return new(12, "multiclass SVM loss and its gradient", "", "`explain --claim`, below; `loss: hinge`", $"{Expressions}, `Kernels.Tests`");
        yield return new(13, "random search, random local search, following the gradient", "", "`./gpugrad race configs/spirals.yaml --html race.html`", Networks);
        yield return new(14, "numerical gradient; its cost grows with the parameters", "30,731 evaluations for 30,730", "`./gpugrad gradcheck CONFIG` (last lines)", $"{Check}, {Trained}");
        yield return new(15, "step sizes along the negative gradient", "10⁻⁵, 10⁻⁴ …", "`./gpugrad landscape configs/spirals.yaml`", Networks);
        yield return new(16, "mini-batches, single samples, the full batch", "256, 1", "`./gpugrad race configs/spirals.yaml`", $"{Networks}, {Trained}");
        yield return new(17, "vector-Jacobian products without the Jacobian", "256 GB", "`./gpugrad summary CONFIG` (memory)", Networks);
        yield return new(18, "f = (x + y)z at (-2, 5, -4)", "-12; -4, -4, 3", Explain(ProductOfASum, ProductOfASumAt), Expressions);
        yield return new(19, "sigmoid neuron", "0.73; 0.39, -0.59; -0.20, -0.39, 0.20", Explain(Neuron, NeuronAt), Expressions);
        yield return new(20, "(x + σ(y)) / (σ(x) + (x + y)²), staged", "", "`explain`, below", Expressions);
        yield return new(21, "add distributes, max routes, multiply switches", "-8, 6, 2, 0", Explain(Gates, GatesAt), Expressions);
        yield return new(22, "D = W·X: dW = dD·Xᵀ, dX = Wᵀ·dD", "", "`./gpugrad gradcheck configs/spirals.yaml`", Networks);
        yield return new(23, "slices of the loss surface, kinks, local linearity", "", "`./gpugrad landscape configs/spirals.yaml --html landscape.html`", $"{Networks}, {Trained}");
        yield return new(24, "gradient check of one's own network", "ε = 10⁻⁴", "`./gpugrad gradcheck CONFIG`", $"{Check}, {Networks}");
        yield return new(25, "dead ReLU units; the learning rate as the cause, leaky ReLU as a remedy", "", "`./gpugrad train configs/seeds/dead-relu.yaml`, then `dead-relu-leaky.yaml`", $"{Trained}, `UnitAlarmTests`");
        yield return new(26, "saturated sigmoid and tanh units", "", "`./gpugrad summary configs/seeds/saturated-sigmoid.yaml`; `atlas CONFIG` (column *flat*); alarms while training", $"{Trained}, `UnitAlarmTests`");
        yield return new(27, "vanishing and exploding gradients, layer by layer; clipping", "", "`./gpugrad summary configs/seeds/vanishing-sigmoid.yaml`; `./gpugrad train configs/seeds/exploding-clipped.yaml`", $"{Networks}, {Trained}, `HealthRunTests`");
        yield return new(28, "careful initialisation", "", "`./gpugrad summary configs/seeds/saturated-sigmoid-xavier.yaml`; `atlas CONFIG`", $"{Networks}, {Trained}, `InitAuditTests`");
        yield return new(29, "the sigmoid's slope peaks at 0.25, at 0", "0.25", Explain("sigmoid(z)", "z=0"), $"`Kernels.Tests`, {Circuits}");
    }

    private static string Explain(string expression, string at) => $"`./gpugrad explain \"{expression}\" --at {at}`";

    private sealed record Row(int Number, string What, string Result, string Command, string Test);
}
