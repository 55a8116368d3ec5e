using GpuGrad.Training.Diagnostics.Circuits;
using static GpuGrad.Training.Tests.Seeds.SeedExpressions;

namespace GpuGrad.Training.Tests.Seeds;

/// <summary>The texts' examples that are expressions, with the texts' numbers.</summary>
public sealed class SeedExpressionTests
{
    [Fact]
    public void Row_1_the_derivative_of_2x2_at_3_is_12() => AssertRun(Square, SquareAt, 18, ("x", 12));

    [Fact]
    public void Row_2_the_gradient_of_2x2_plus_3y2_at_3_5_is_12_30() => AssertRun(TwoSquares, TwoSquaresAt, 93, ("x", 12), ("y", 30));

    [Fact]
    public void Row_3_a_convolution_sums_to_39_with_the_gradient_7_7_6() =>
        AssertRun(Convolution, ConvolutionAt, 39, ("h0", 7), ("h1", 7), ("h2", 6));

    [Fact]
    public void Row_4_max_pooling_sums_to_10_and_ties_share_the_gradient() =>
        AssertRun(Pooling, PoolingAt, 10, ("x0", 0), ("x1", 0), ("x2", 3), ("x3", 1 / 3.0), ("x4", 1 / 3.0), ("x5", 1 / 3.0));

    [Fact]
    public void Row_6_gates_multiply_what_arrives_by_their_local_gradient()
    {
        CircuitRun run = RunOf(Staged, StagedAt);
        foreach (Gate gate in run.Circuit.Gates.Where(g => run.Circuit.Moves[g.Id]))
        {
            double arrives = run.Circuit.Gates.SelectMany(reader => reader.Inputs.Select((input, i) => input == gate.Id ? run.Gradients[reader.Id] * run.SlopesOf(reader)[i] : 0)).Sum();
            Assert.Equal(gate == run.Circuit.Output ? 1 : arrives, run.Gradients[gate.Id], 1e-15);
        }
        CircuitRun gates = RunOf("sigmoid(x*y + z)", "x=2,y=3,z=-5");
        Gate[] order = [.. gates.Circuit.Gates.Where(g => g.Function is not null)];
        Assert.Equal(["multiply switches: times the other input", "add distributes: on to every input, unchanged", "an activation scales: times s(1 - s), s its value; at most 1/4"], order.Select(g => gates.RuleOf(g, 0)));
    }

    [Fact]
    public void Row_7_the_two_layer_net_has_the_gradient_minus_0_0026226947_in_W22()
    {
        CircuitRun run = RunOf(TwoLayers, TwoLayersAt);
        Assert.Equal(-0.0026226947, Gradient(run, "w22"), 1e-9);
    }

    [Fact]
    public void Row_8_the_three_layer_net_has_the_texts_three_matrices()
    {
        CircuitRun run = RunOf(ThreeLayers, ThreeLayersAt);
        AssertMatrix(run, 'c', new[,] { { 0.11214822, 0.00065075 }, { 0.08597502, 0.00049888 } });
        AssertMatrix(run, 'b', new[,] { { 0.01584061, 0.02373813 }, { 0.0155206, 0.02325858 }, { 0.01664064, 0.02493703 } });
        AssertMatrix(run, 'a', new[,] { { 0.02087045, 0.01223012, 0.01079834 }, { 0.00463788, 0.0027178, 0.00239963 }, { 0.01623257, 0.00951231, 0.00839871 } });
    }

    [Theory]
    [InlineData(OneLayer, OneLayerAt, OneLayerClaim, OneLayerRight)]
    [InlineData(OneLayerVector, OneLayerVectorAt, OneLayerVectorClaim, OneLayerVectorRight)]
    public void Row_10_the_texts_equations_have_the_wrong_sign_and_the_check_says_so(string net, string at, string text, string right)
    {
        Claim wrong = Assert.Single(Claims(net, at, text));
        Assert.False(wrong.Holds);
        Assert.Equal("wrong sign: it is minus the gradient", wrong.Verdict);
        Assert.Equal(-1, wrong.Value / wrong.Check.Gradient, 1e-9);
        Assert.All(Claims(net, at, right), c => Assert.True(c.Holds, c.Text));
    }

    // At this point only the margin of w1 is violated: 1·2 - 0.3·2 + 1 > 0, and -4 - 0.6 + 1 < 0.
    [Fact]
    public void Row_12_a_violated_margin_pushes_the_right_row_by_minus_x_and_the_wrong_one_by_x()
    {
        AssertRun(Svm, SvmAt, 1.4, ("wy", -2), ("w1", 2), ("w2", 0));
        Assert.All(Claims(Svm, SvmAt, SvmRight), c => Assert.True(c.Holds, c.Text));
    }

    [Fact]
    public void Row_18_x_plus_y_times_z_is_minus_12_with_gradients_minus_4_minus_4_3()
    {
        CircuitRun run = AssertRun(ProductOfASum, ProductOfASumAt, -12, ("x", -4), ("y", -4), ("z", 3));
        Assert.Equal(3, run.Values[run.Circuit.Gates.Single(g => g.Name == "q").Id]);
    }

    [Fact]
    public void Row_19_the_sigmoid_neuron_gives_0_73_and_the_texts_gradients()
    {
        CircuitRun run = RunOf(Neuron, NeuronAt);
        Assert.Equal(0.73, run.Value, 0.005);
        foreach ((string name, double expected) in new[] { ("x0", 0.39), ("x1", -0.59), ("w0", -0.20), ("w1", -0.39), ("w2", 0.20) })
            Assert.Equal(expected, Gradient(run, name), 0.005);
    }

    // The text works in stages and gives no numbers; these are the quotient rule's, by hand.
    [Fact]
    public void Row_20_the_staged_quotient_has_the_gradient_of_the_quotient_rule()
    {
        (double x, double y) = (3, -4);
        double Sigmoid(double v) => 1 / (1 + Math.Exp(-v));
        double num = x + Sigmoid(y), den = Sigmoid(x) + ((x + y) * (x + y));
        double dx = (1 / den) - (num / (den * den) * ((Sigmoid(x) * (1 - Sigmoid(x))) + (2 * (x + y))));
        double dy = (Sigmoid(y) * (1 - Sigmoid(y)) / den) - (num / (den * den) * 2 * (x + y));
        AssertRun(Staged, StagedAt, num / den, ("x", dx), ("y", dy));
    }

    [Fact]
    public void Row_21_add_distributes_max_routes_multiply_switches() =>
        AssertRun(Gates, GatesAt, -20, ("x", -8), ("y", 6), ("z", 2), ("w", 0));

    private static CircuitRun RunOf(string expression, string at)
    {
        var circuit = Circuit.Parse(expression);
        return circuit.Run(PointText.Read(at, circuit));
    }

    private static CircuitRun AssertRun(string expression, string at, double value, params (string Name, double Gradient)[] gradients)
    {
        CircuitRun run = RunOf(expression, at);
        Assert.Equal(value, run.Value, 1e-12);
        foreach ((string name, double expected) in gradients)
            Assert.Equal(expected, Gradient(run, name), 1e-12);
        Assert.All(CircuitCheck.Of(run), c => Assert.True(c.Agrees || c.AtKink, c.Name));
        return run;
    }

    private static void AssertMatrix(CircuitRun run, char letter, double[,] expected)
    {
        for (int i = 0; i < expected.GetLength(0); i++)
        {
            for (int j = 0; j < expected.GetLength(1); j++)
                Assert.Equal(expected[i, j], Gradient(run, $"{letter}{i + 1}{j + 1}"), 5e-9);
        }
    }

    private static IReadOnlyList<Claim> Claims(string expression, string at, string claims)
    {
        CircuitRun run = RunOf(expression, at);
        return Claim.Read(claims, run, CircuitCheck.Of(run));
    }

    private static double Gradient(CircuitRun run, string name) => run.Gradients[run.Circuit.Variables.Single(v => v.Name == name).Id];
}
