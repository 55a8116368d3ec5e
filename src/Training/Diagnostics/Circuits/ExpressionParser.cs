using System.Globalization;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>
/// Parses expressions: + - * / ^ (with the highest precedence, right-associative), unary minus, parentheses, functions, numbers, the
/// constants pi and e, variables, and named intermediate values, each followed by a semicolon.
/// </summary>
internal sealed class ExpressionParser(string text)
{
    // 200 levels are more than anybody writes, and far less than the stack can hold.
    private const int Deepest = 200;

    private static readonly Dictionary<string, double> Constants = new() { ["pi"] = Math.PI, ["π"] = Math.PI, ["e"] = Math.E };

    private readonly List<Token> tokens = Tokens.Of(text);
    private readonly GateList gates = new();
    private readonly Dictionary<string, int> names = [];
    private int at;
    private int depth;

    private Token Current => tokens[at];

    /// <summary>Parses the whole text as a circuit.</summary>
    public Circuit ReadCircuit()
    {
        while (Current.Kind == TokenKind.Name && tokens[at + 1].Is("="))
            Keep();
        int output = Sum().Gate;
        if (Current.Kind != TokenKind.End)
            throw Unexpected(Current.Is("=") ? "a name before '=', and ';' after what is kept" : "an operator or the end");
        return new Circuit(text, gates.Needed(output));
    }

    /// <summary>Parses the whole text as numbers by name: <c>x=3, y=-pi/2</c>.</summary>
    public IReadOnlyList<(Token Name, double Value)> ReadNumbers()
    {
        var numbers = new List<(Token, double)>();
        if (Current.Kind == TokenKind.End)
            return numbers;
        while (true)
        {
            Token name = Current;
            if (name.Kind != TokenKind.Name || !tokens[at + 1].Is("="))
                throw name.Kind == TokenKind.Name ? Unexpected("'=' after the name", 1) : Unexpected("a name and its value, e.g. x=3");
            Refuse(name);
            if (numbers.Any(n => n.Item1.Text == name.Text))
                throw new ExpressionException(text, name.Place, $"'{Tokens.Short(name.Text)}' is given twice");
            at += 2;
            numbers.Add((name, Number()));
            if (Current.Kind == TokenKind.End)
                return numbers;
            Take(",", "',' or the end");
        }
    }

    /// <summary>Parses the whole text as expressions by name, separated by semicolons: <c>w=(a-b)*x; x=0</c>.</summary>
    public static IReadOnlyList<(string Name, string Text, int Start)> ReadClaims(string text)
    {
        var parser = new ExpressionParser(text);
        var claims = new List<(string, string, int)>();
        while (parser.Current.Kind != TokenKind.End)
        {
            Token name = parser.Current;
            if (name.Kind != TokenKind.Name || !parser.tokens[parser.at + 1].Is("="))
                throw parser.Unexpected("a variable, '=' and its derivative");
            parser.at += 2;
            int start = parser.Current.Place.Start;
            while (parser.Current.Kind != TokenKind.End && !parser.Current.Is(";"))
                parser.at++;
            claims.Add((name.Text, text[start..Math.Max(start, Math.Min(text.Length, parser.Current.Place.Start))], start));
            if (parser.Current.Is(";"))
                parser.at++;
        }
        return claims;
    }

    private void Keep()
    {
        Token name = Current;
        Refuse(name);
        if (names.TryGetValue(name.Text, out int before))
            throw new ExpressionException(text, name.Place, gates[before].IsVariable ? $"'{Tokens.Short(name.Text)}' is used before it is given; give it first" : $"'{Tokens.Short(name.Text)}' is given twice; expected another name");
        at += 2;
        int gate = Sum().Gate;
        Take(";", "';' after a value that is kept");
        names[name.Text] = gate;
        gates.Call(gate, name.Text);
    }

    private void Refuse(Token name)
    {
        if (Constants.TryGetValue(name.Text, out double constant))
            throw new ExpressionException(text, name.Place, string.Create(CultureInfo.InvariantCulture, $"'{name.Text}' is the number {constant:G6}; expected another name"));
        if (Find(name.Text) is not null)
            throw new ExpressionException(text, name.Place, $"'{name.Text}' is a function; expected another name");
    }

    private double Number()
    {
        int first = Current.Place.Start;
        int gate = Sum().Gate;
        if (gates.FirstVariable is Gate variable)
            throw new ExpressionException(text, variable.Place, $"'{Tokens.Short(variable.Name!)}' in a value; expected a number such as 3, -0.5 or pi/4");
        double value = new CircuitRun(new Circuit(text, gates.Needed(gate)), []).Value;
        gates.Clear();
        names.Clear();
        return double.IsFinite(value) ? value : throw new ExpressionException(text, new TextSpan(first, 1), "expected a finite number");
    }

    private Operand Sum()
    {
        Operand left = Product();
        while (Current.Is("+") || Current.Is("-"))
        {
            GateFunction function = Current.Is("+") ? GateFunctions.Add : GateFunctions.Subtract;
            at++;
            left = gates.Join(function, left, Product());
        }
        return left;
    }

    private Operand Product()
    {
        Operand left = Signed();
        while (Current.Is("*") || Current.Is("/"))
        {
            Token operation = Current;
            at++;
            if (operation.Is("*") && Current.Is("*"))
                throw new ExpressionException(text, operation.Place.To(Current.Place), "'**' is not an operator; expected '^' for a power");
            left = gates.Join(operation.Is("*") ? GateFunctions.Multiply : GateFunctions.Divide, left, Signed());
        }
        return left;
    }

    // -x^2 is -(x^2), as on paper.
    private Operand Signed()
    {
        var signs = new Stack<Token>();
        while (Current.Is("-") || Current.Is("+"))
        {
            if (Current.Is("-"))
                signs.Push(Current);
            at++;
        }
        Operand value = Power();
        while (signs.TryPop(out Token sign))
            value = gates.New(GateFunctions.Negate, [value.Gate], sign.Place.To(value.Place));
        return value;
    }

    private Operand Power()
    {
        Operand left = Primary();
        if (!Current.Is("^"))
            return left;
        Enter();
        at++;
        Operand right = Signed();
        depth--;
        return gates.Join(GateFunctions.Power, left, right);
    }

    private Operand Primary()
    {
        Token token = Current;
        switch (token.Kind)
        {
            case TokenKind.Number:
                at++;
                return gates.Leaf(token, null, token.Value);
            case TokenKind.Name:
                at++;
                return Current.Is("(") ? Call(token) : Named(token);
            case TokenKind.Symbol when token.Is("("):
                return Parenthesis(token);
            default:
                throw Unexpected("a number, a name or '('");
        }
    }

    private Operand Parenthesis(Token open)
    {
        Enter();
        at++;
        Operand value = Sum();
        depth--;
        Token close = Take(")", "an operator or ')'", open);
        return value with { Place = open.Place.To(close.Place) };
    }

    private Operand Named(Token name)
    {
        if (Constants.TryGetValue(name.Text, out double constant))
            return gates.Leaf(name, null, constant);
        if (names.TryGetValue(name.Text, out int known))
            return new Operand(known, name.Place);
        if (Find(name.Text) is GateFunction function)
            throw new ExpressionException(text, name.Place, $"'{name.Text}' is a function; expected '(' after it, e.g. {function.Name}(x)");
        Operand variable = gates.Leaf(name, name.Text, 0);
        names[name.Text] = variable.Gate;
        return variable;
    }

    private Operand Call(Token name)
    {
        GateFunction function = Find(name.Text) ?? throw UnknownFunction(name);
        Token open = Current;
        Enter();
        at++;
        var inputs = new List<int>();
        if (!Current.Is(")"))
        {
            inputs.Add(Sum().Gate);
            while (Current.Is(","))
            {
                at++;
                inputs.Add(Sum().Gate);
            }
        }
        depth--;
        TextSpan place = name.Place.To(Take(")", "an operator, ',' or ')'", open).Place);
        if (inputs.Count < function.Fewest || inputs.Count > function.Most)
        {
            string expected = function.Most == 1 ? "one" : string.Create(CultureInfo.InvariantCulture, $"at least {function.Fewest}");
            throw new ExpressionException(text, place, string.Create(CultureInfo.InvariantCulture, $"{function.Name} with {inputs.Count} inputs; expected {expected}"));
        }
        return gates.New(function, [.. inputs], place);
    }

    private ExpressionException UnknownFunction(Token name)
    {
        bool isValue = Constants.ContainsKey(name.Text) || names.ContainsKey(name.Text);
        string hint = isValue
            ? "expected an operator between it and '('; for a product write '*'"
            : Suggestion.For(Tokens.Short(name.Text), GateFunctions.Named.Select(f => f.Name));
        return new ExpressionException(text, name.Place, $"'{Tokens.Short(name.Text)}' is not a function; {hint}");
    }

    private void Enter()
    {
        if (++depth > Deepest)
            throw new ExpressionException(text, Current.Place, string.Create(CultureInfo.InvariantCulture, $"more than {Deepest} levels deep; expected fewer parentheses"));
    }

    private Token Take(string symbol, string expected, Token? open = null)
    {
        if (!Current.Is(symbol))
        {
            throw open is { } o && Current.Kind == TokenKind.End
                ? new ExpressionException(text, o.Place, $"this '(' is never closed; expected {expected}")
                : Unexpected(expected);
        }
        return tokens[at++];
    }

    private ExpressionException Unexpected(string expected, int ahead = 0)
    {
        Token token = tokens[Math.Min(at + ahead, tokens.Count - 1)];
        if (text.Trim().Length == 0)
            return new ExpressionException(text, token.Place, "there is no expression; expected one, e.g. x*y + 1");
        // Two values without an operator are usually meant as a product, as on paper.
        bool product = at > 0 && tokens[at - 1].Kind is TokenKind.Number && token.Kind is TokenKind.Name && ahead == 0;
        return new ExpressionException(text, token.Place, $"{Tokens.Short(token.ToString())} is not expected here; expected {expected}{(product ? "; for a product write '*'" : "")}");
    }

    private static GateFunction? Find(string name) => GateFunctions.Named.FirstOrDefault(f => f.Name == name);
}
