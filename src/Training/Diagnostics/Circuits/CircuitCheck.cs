namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>A variable's gradient with its central difference.</summary>
/// <param name="Name">The variable.</param>
/// <param name="Value">Its value.</param>
/// <param name="Gradient">The gradient by the chain rule.</param>
/// <param name="Numeric">The central difference.</param>
/// <param name="Paths">Number of wires that leave the variable; their gradients are summed.</param>
public sealed record VariableCheck(string Name, double Value, double Gradient, Difference Numeric, int Paths)
{
    private const double Tolerance = 1e-6;

    /// <summary>|gradient - difference| relative to the larger of the two.</summary>
    public double RelativeError => RelativeErrorOf(Gradient, Numeric.Value);

    /// <summary>Whether the slope is discontinuous, so that there is nothing to compare with.</summary>
    public bool AtKink => Numeric.Kink;

    /// <summary>Whether the two agree to 1e-6, or within the error of the difference.</summary>
    public bool Agrees => Accepts(Gradient);

    /// <summary>Whether a number could be the derivative.</summary>
    public bool Accepts(double gradient) =>
        RelativeErrorOf(gradient, Numeric.Value) <= Tolerance || Math.Abs(gradient - Numeric.Value) <= 4 * Numeric.Error;

    private static double RelativeErrorOf(double a, double b) => a == b ? 0 : Math.Abs(a - b) / Math.Max(Math.Abs(a), Math.Abs(b));
}

/// <summary>Checks the gradients of a circuit against central differences.</summary>
public static class CircuitCheck
{
    public static IReadOnlyList<VariableCheck> Of(CircuitRun run)
    {
        IReadOnlyList<Gate> variables = run.Circuit.Variables;
        var paths = new int[run.Circuit.Gates.Count];
        foreach (int input in run.Circuit.Gates.SelectMany(g => g.Inputs))
            paths[input]++;
        return [.. variables.Select((v, i) => new VariableCheck(v.Name!, run.Point[i], run.Gradients[v.Id], CentralDifference.Of(run, i), Math.Max(1, paths[v.Id])))];
    }
}

/// <summary>A derivative worked out by hand, compared with the central difference.</summary>
/// <param name="Check">The variable's own check.</param>
/// <param name="Text">The derivative as written.</param>
/// <param name="Value">Its value at the point.</param>
public sealed record Claim(VariableCheck Check, string Text, double Value)
{
    private const double Near = 1e-6;

    public bool Holds => Check.Accepts(Value);

    /// <summary>Verdict in a few words, as far as a single point shows.</summary>
    public string Verdict
    {
        get
        {
            if (Check.AtKink)
                return "cannot be judged: the slope jumps here";
            if (Holds)
                return "right";
            double ratio = Value / Check.Numeric.Value;
            if (Math.Abs(ratio + 1) < Near)
                return "wrong sign: it is minus the gradient";
            double simple = new[] { 2, -2, 0.5, -0.5, 3, -3, 4, -4, 0.25, -0.25 }.FirstOrDefault(f => Math.Abs(ratio - f) < Near);
            return simple != 0
                ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"wrong by a factor of {simple}")
                : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"wrong: {Value:G6}, expected {Check.Numeric.Value:G6}");
        }
    }

    /// <summary>Parses derivatives such as <c>w=(s-y)*s*(1-s)*x</c>, separated by semicolons; they may use the circuit's names.</summary>
    /// <exception cref="ExpressionException">They cannot be parsed, or name no variable of the circuit.</exception>
    public static IReadOnlyList<Claim> Read(string text, CircuitRun run, IReadOnlyList<VariableCheck> checks)
    {
        Dictionary<string, double> known = run.Circuit.Gates.Where(g => g.Name is not null).ToDictionary(g => g.Name!, g => run.Values[g.Id]);
        var claims = new List<Claim>();
        foreach ((string name, string formula, int start) in ExpressionParser.ReadClaims(text))
        {
            VariableCheck check = checks.FirstOrDefault(c => c.Name == name)
                ?? throw new ExpressionException(text, new TextSpan(Math.Max(0, text.LastIndexOf(name, start, StringComparison.Ordinal)), name.Length), $"'{Tokens.Short(name)}' is no variable of the expression; {Config.Yaml.Suggestion.For(Tokens.Short(name), checks.Select(c => c.Name))}");
            claims.Add(new Claim(check, formula.Trim(), Circuit.Parse(formula).Run(known).Value));
        }
        return claims;
    }
}
