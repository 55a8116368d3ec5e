using GpuGrad.Training.Diagnostics.Circuits;

namespace GpuGrad.Training.Tests.Diagnostics;

/// <summary>Expressions as circuits: values forward, gradients backward, wrong input refused with its place.</summary>
public sealed class CircuitTests
{
    private const int Expressions = 1500;

    // The function beside each text is written without circuits, so parser, values and gradients are all checked.
    [Fact]
    public void A_thousand_random_expressions_have_the_value_and_the_gradients_that_plain_evaluation_gives()
    {
        int compared = 0, kinks = 0;
        var wrong = new List<string>();
        for (int i = 0; i < Expressions; i++)
        {
            var expression = RandomExpression.Of(i);
            var circuit = Circuit.Parse(expression.Text);
            CircuitRun run = circuit.Run(PointText.Read(expression.PointText(circuit.Variables.Select(v => v.Name!)), circuit));
            double value = expression.Value(expression.Point);
            if (Math.Abs(value - run.Value) > 1e-12 * Math.Max(1, Math.Abs(value)))
                wrong.Add($"{i}: {expression.Text} is {run.Value}, expected {value}");
            foreach (VariableCheck check in CircuitCheck.Of(run))
            {
                kinks += check.AtKink ? 1 : 0;
                if (check.AtKink || Numeric(expression, RandomExpression.IndexOf(check.Name)) is not { } numeric)
                    continue;
                compared++;
                double error = Math.Abs(check.Gradient - numeric.Slope);
                if (!(error <= 1e-6 * Math.Max(Math.Abs(check.Gradient), Math.Abs(numeric.Slope)) || error <= 4 * numeric.Error) || !check.Agrees)
                    wrong.Add($"{i}: ∂/∂{check.Name} of {expression.Text} at {expression.PointText(circuit.Variables.Select(v => v.Name!))} is {check.Gradient}, expected {numeric.Slope}; the check itself says {check.Numeric}");
            }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} wrong:\n{string.Join("\n", wrong.Take(5))}");
        Assert.True(compared > 2000, $"{compared} gradients compared, {kinks} at kinks");
    }

    [Theory]
    [InlineData("relu(x)", "x=0", "relu(x)")]
    [InlineData("abs(x - 2)*y", "x=2, y=1", "abs(x - 2)")]
    [InlineData("max(x, y)", "x=1, y=1", "max(x, y)")]
    [InlineData("hard_tanh(x)", "x=1", "hard_tanh(x)")]
    public void A_point_where_the_slope_jumps_is_recognised(string text, string at, string gate)
    {
        var circuit = Circuit.Parse(text);
        CircuitRun run = circuit.Run(PointText.Read(at, circuit));
        Assert.Equal(gate, circuit.TextOf(Assert.Single(run.Kinks).Gate));
        Assert.True(CircuitCheck.Of(run)[0].AtKink);
    }

    [Fact]
    public void Ties_of_a_maximum_share_the_gradient()
    {
        CircuitRun run = Circuit.Parse("max(a, b, c)*6").Run(new Dictionary<string, double> { ["a"] = 1, ["b"] = 1, ["c"] = 0 });
        Assert.Equal([3.0, 3, 0], run.Circuit.Variables.Select(v => run.Gradients[v.Id]));
    }

    [Theory]
    [InlineData("2*(x+y", "this '(' is never closed", 2, 1)]
    [InlineData("2x + 1", "'x' is not expected here", 1, 1)]
    [InlineData("foo(x)", "'foo' is not a function", 0, 3)]
    [InlineData("sigmiod(x)", "did you mean 'sigmoid'", 0, 7)]
    [InlineData("x + ", "the end is not expected here", 4, 1)]
    [InlineData("x ** 2", "'**' is not an operator; expected '^'", 2, 2)]
    [InlineData("sin(x, y)", "sin with 2 inputs; expected one", 0, 9)]
    [InlineData("max()", "max with 0 inputs", 0, 5)]
    [InlineData("x $ y", "'$' means nothing here", 2, 1)]
    [InlineData("", "there is no expression", 0, 1)]
    [InlineData("sin = 2; x", "'sin' is a function; expected another name", 0, 3)]
    [InlineData("q = x + 1; q = y; q", "'q' is given twice", 11, 1)]
    [InlineData("1e999*x", "is too large", 0, 5)]
    public void A_wrong_expression_is_refused_with_a_caret_under_the_place(string text, string problem, int start, int width)
    {
        ExpressionException e = Assert.Throws<ExpressionException>(() => Circuit.Parse(text));
        AssertPlace(e, problem, start, width);
    }

    [Theory]
    [InlineData("ln(x - 2)", "ln of -1 is not a real number", 0, 9)]
    [InlineData("y + 1/(x - 1)", "division by 0", 4, 9)]
    [InlineData("sqrt(-x)", "sqrt of -1", 0, 8)]
    [InlineData("(-x)^0.5", "-1 to the power 0.5 is not a real number", 0, 8)]
    [InlineData("exp(exp(7*x))", "the value of 'exp' is Infinity", 0, 13)]
    public void A_gate_without_a_value_is_named_with_its_place(string text, string problem, int start, int width)
    {
        ExpressionException e = Assert.Throws<ExpressionException>(() => Circuit.Parse(text).Run(new Dictionary<string, double> { ["x"] = 1, ["y"] = 1 }));
        AssertPlace(e, problem, start, width);
    }

    [Theory]
    [InlineData("x=1, z=2", "'z' does not occur", 5, 1)]
    [InlineData("x=1, x=2", "'x' is given twice", 5, 1)]
    [InlineData("x", "expected '=' after the name", 1, 1)]
    [InlineData("x=y", "'y' in a value", 2, 1)]
    public void A_wrong_point_is_refused_with_a_caret_under_the_place(string at, string problem, int start, int width)
    {
        var circuit = Circuit.Parse("x*y");
        AssertPlace(Assert.Throws<ExpressionException>(() => PointText.Read(at, circuit)), problem, start, width);
    }

    [Fact]
    public void A_variable_without_a_value_is_named()
    {
        ExpressionException e = Assert.Throws<ExpressionException>(() => Circuit.Parse("x*yy").Run(new Dictionary<string, double> { ["x"] = 1 }));
        AssertPlace(e, "'yy' has no value", 2, 2);
    }

    [Fact]
    public void The_drawing_holds_every_gate_and_its_numbers()
    {
        CircuitRun run = Circuit.Parse("q = x + y; q*z").Run(new Dictionary<string, double> { ["x"] = -2, ["y"] = 5, ["z"] = -4 });
        string html = new CircuitPicture(run) { Title = "<circuit>" }.ToHtml();
        Assert.Contains("&lt;circuit&gt;", html, StringComparison.Ordinal);
        Assert.Equal(5, html.Split("<rect").Length - 1);
        Assert.Equal(4, html.Split("class=\"wire\"").Length - 1);
        foreach (string number in new[] { ">-12<", ">-4<", ">3<", ">5<", "q: +" })
            Assert.Contains(number, html, StringComparison.Ordinal);
    }

    private static void AssertPlace(ExpressionException e, string problem, int start, int width)
    {
        Assert.Contains(problem, e.Problem, StringComparison.Ordinal);
        Assert.Equal(new TextSpan(start, width), e.Place);
        string[] lines = e.Message.Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Equal(new string(' ', 4 + start) + new string('^', width), lines[2]);
    }

    // Central differences refined once; null where no step gives six digits.
    private static (double Slope, double Error)? Numeric(RandomExpression expression, int variable)
    {
        (double Slope, double Error)? best = null;
        for (double h = 0.03; h > 1e-7; h /= 3)
        {
            double wide = Central(expression, variable, h), narrow = Central(expression, variable, h / 2), slope = ((4 * narrow) - wide) / 3;
            double error = Math.Abs(slope - narrow) + (1e-15 / h);
            if (double.IsFinite(slope) && (best is null || error < best.Value.Error))
                best = (slope, error);
        }
        return best is { } b && b.Error <= 1e-6 * Math.Max(1, Math.Abs(b.Slope)) ? best : null;
    }

    private static double Central(RandomExpression expression, int variable, double h)
    {
        double[] above = [.. expression.Point], below = [.. expression.Point];
        above[variable] += h;
        below[variable] -= h;
        return (expression.Value(above) - expression.Value(below)) / (above[variable] - below[variable]);
    }
}
