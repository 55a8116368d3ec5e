namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>Parses the point of <c>--at</c>.</summary>
public static class PointText
{
    /// <summary>Parses <c>x=3, y=-pi/2</c>; every name must be a variable of the circuit.</summary>
    /// <exception cref="ExpressionException">It cannot be parsed, or names something else.</exception>
    public static IReadOnlyDictionary<string, double> Read(string text, Circuit circuit)
    {
        var numbers = new Dictionary<string, double>();
        foreach ((Token name, double value) in new ExpressionParser(text).ReadNumbers())
        {
            if (!circuit.Variables.Any(v => v.Name == name.Text))
                throw new ExpressionException(text, name.Place, $"'{Tokens.Short(name.Text)}' does not occur in the expression; {Suggest(name.Text, circuit)}");
            numbers[name.Text] = value;
        }
        return numbers;
    }

    private static string Suggest(string name, Circuit circuit) => circuit.Variables.Count == 0
        ? "it has no variables"
        : Config.Yaml.Suggestion.For(Tokens.Short(name), circuit.Variables.Select(v => v.Name!).Where(n => n.Length <= 40).Take(20));
}
