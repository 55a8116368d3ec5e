using System.Globalization;

namespace GpuGrad.Training.Diagnostics.Circuits;

internal enum TokenKind
{
    Number,
    Name,
    Symbol,
    End,
}

/// <summary>A token of an expression.</summary>
internal readonly record struct Token(TokenKind Kind, TextSpan Place, string Text, double Value = 0)
{
    public bool Is(string symbol) => Kind == TokenKind.Symbol && Text == symbol;

    public override string ToString() => Kind == TokenKind.End ? "the end" : $"'{Text}'";
}

/// <summary>Splits an expression into numbers, names and symbols.</summary>
internal static class Tokens
{
    private const string Symbols = "+-*/^(),;=";

    public static List<Token> Of(string text)
    {
        var tokens = new List<Token>();
        for (int at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }
            Token token = Next(text, at);
            tokens.Add(token);
            at = token.Place.End;
        }
        tokens.Add(new Token(TokenKind.End, new TextSpan(text.Length, 1), ""));
        return tokens;
    }

    /// <summary>A word shortened to 40 characters, for a message.</summary>
    public static string Short(string word) => word.Length <= 40 ? word : word[..39] + "…";

    private static Token Next(string text, int at)
    {
        char c = text[at];
        if (char.IsAsciiDigit(c) || (c == '.' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1])))
            return Number(text, at);
        if (char.IsLetter(c) || c == '_')
        {
            int end = at + 1;
            while (end < text.Length && (char.IsLetterOrDigit(text[end]) || text[end] == '_'))
                end++;
            return Make(TokenKind.Name, text, at, end);
        }
        if (Symbols.Contains(c, StringComparison.Ordinal))
            return Make(TokenKind.Symbol, text, at, at + 1);
        int length = char.IsHighSurrogate(c) && at + 1 < text.Length ? 2 : 1;
        throw new ExpressionException(text, new TextSpan(at, length), $"'{Shown(text.Substring(at, length))}' means nothing here; expected numbers, names and + - * / ^ ( ) , ; =");
    }

    private static Token Number(string text, int at)
    {
        int end = Digits(text, at);
        if (end < text.Length && text[end] == '.')
            end = Digits(text, end + 1);
        // 2e is 2 times e without an operator, which is refused later; 2e3 is a number.
        if (end < text.Length && text[end] is 'e' or 'E')
        {
            int digits = end + 1 < text.Length && text[end + 1] is '+' or '-' ? end + 2 : end + 1;
            if (digits < text.Length && char.IsAsciiDigit(text[digits]))
                end = Digits(text, digits);
        }
        Token token = Make(TokenKind.Number, text, at, end);
        double value = double.Parse(token.Text, NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsFinite(value)
            ? token with { Value = value }
            : throw new ExpressionException(text, token.Place, $"{token.Text} is too large; expected a number below 1.8e308");
    }

    private static int Digits(string text, int at)
    {
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        return at;
    }

    private static Token Make(TokenKind kind, string text, int start, int end) => new(kind, new TextSpan(start, end - start), text[start..end]);

    // An invisible character is shown by its number.
    private static string Shown(string text) =>
        char.IsControl(text[0]) || char.IsSurrogate(text[0]) && text.Length == 1
            ? string.Create(CultureInfo.InvariantCulture, $"U+{(int)text[0]:X4}")
            : text;
}
