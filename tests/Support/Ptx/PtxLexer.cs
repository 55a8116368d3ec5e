namespace GpuGrad.Tests.Support.Ptx;

/// <summary>Words, numbers and punctuation of PTX text, with their lines. Comments go.</summary>
internal static class PtxLexer
{
    public static List<(string Text, int Line)> Tokens(string text)
    {
        List<(string, int)> tokens = [];
        int line = 1;
        for (int i = 0; i < text.Length;)
        {
            char c = text[i];
            if (c == '\n')
            {
                line++;
                i++;
            }
            else if (char.IsWhiteSpace(c))
            {
                i++;
            }
            else if (c == '/' && i + 1 < text.Length && text[i + 1] == '/')
            {
                while (i < text.Length && text[i] != '\n')
                    i++;
            }
            else if (c == '/' && i + 1 < text.Length && text[i + 1] == '*')
            {
                int end = text.IndexOf("*/", i + 2, StringComparison.Ordinal);
                end = end < 0 ? throw new PtxSyntaxException(line, "a comment does not end.") : end + 2;
                line += text.AsSpan(i, end - i).Count('\n');
                i = end;
            }
            else if (IsWord(c))
            {
                int start = i++;
                while (i < text.Length && IsWord(text[i]))
                    i++;
                tokens.Add((text[start..i], line));
            }
            else
            {
                tokens.Add((c.ToString(), line));
                i++;
            }
        }
        return tokens;
    }

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '%' or '$' or '.';
}
