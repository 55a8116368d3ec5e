using System.Globalization;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>PTX text to statements. Knows the grammar of what the emitter writes and of inline assembly; knows no instruction.</summary>
internal sealed class PtxParser
{
    private readonly List<(string Text, int Line)> tokens;
    private readonly string[] lines;
    private int at;

    private PtxParser(string text)
    {
        lines = text.Split('\n');
        tokens = PtxLexer.Tokens(text);
    }

    public static PtxSource Parse(string text) => new PtxParser(text).ParseModule();

    private string Current => at < tokens.Count ? tokens[at].Text : "";
    private int Line => at < tokens.Count ? tokens[at].Line : lines.Length;

    private PtxSyntaxException Error(string message) => new(Line, message);

    private string Next()
    {
        if (at >= tokens.Count)
            throw Error("the text ends in the middle of a statement.");
        return tokens[at++].Text;
    }

    private void Expect(string token)
    {
        if (Current != token)
            throw Error($"'{token}' expected, found '{Current}'.");
        at++;
    }

    private bool Accept(string token)
    {
        if (Current != token)
            return false;
        at++;
        return true;
    }

    private int Integer()
    {
        string token = Next();
        return int.TryParse(token, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value : throw Error($"number expected, found '{token}'.");
    }

    private PtxSource ParseModule()
    {
        Expect(".version");
        double version = double.Parse(Next(), CultureInfo.InvariantCulture);
        Expect(".target");
        string target = Next();
        if (!target.StartsWith("sm_", StringComparison.Ordinal))
            throw Error($"'sm_NN' expected, found '{target}'.");
        Expect(".address_size");
        if (Integer() != 64)
            throw Error(".address_size 64 expected.");
        List<VariableStatement> variables = [];
        List<PtxEntry> entries = [];
        while (at < tokens.Count)
        {
            bool external = Accept(".extern");
            bool visible = Accept(".visible");
            if (Current == ".entry" && !external)
                entries.Add(ParseEntry());
            else if (Current == ".func")
                SkipFunction();
            else if (!visible && Current == ".shared")
                variables.Add(ParseVariable(external));
            else
                throw Error($"'{Current}' is not understood at module level.");
        }
        return new PtxSource(version, int.Parse(target.AsSpan(3), CultureInfo.InvariantCulture), [.. variables], [.. entries], lines);
    }

    // ILGPU leaves functions behind that it has inlined everywhere; a call would be refused as an unknown instruction.
    private void SkipFunction()
    {
        while (Current is not (";" or "{"))
            Next();
        int depth = 0;
        do
            depth += Next() switch { "{" => 1, "}" => -1, _ => 0 };
        while (depth > 0);
    }

    private PtxEntry ParseEntry()
    {
        int line = Line;
        Expect(".entry");
        string name = Next();
        List<PtxParameter> parameters = [];
        Expect("(");
        while (!Accept(")"))
        {
            if (parameters.Count > 0)
                Expect(",");
            parameters.Add(ParseParameter());
        }
        int maxThreads = int.MaxValue;
        while (Current != "{")
        {
            switch (Next())
            {
                case ".maxntid":
                    maxThreads = Integer();
                    while (Accept(","))
                        maxThreads *= Integer();
                    break;
                case ".minnctapersm":
                    Integer();
                    break;
                default:
                    throw Error($"'{tokens[at - 1].Text}' is no directive of an entry.");
            }
        }
        return new PtxEntry(line, name, [.. parameters], maxThreads, ParseBody());
    }

    private PtxParameter ParseParameter()
    {
        int line = Line;
        Expect(".param");
        int alignment = Accept(".align") ? Integer() : 1;
        PtxType type = ParseType();
        string name = Next();
        int count = 1;
        if (Accept("["))
        {
            count = Integer();
            Expect("]");
        }
        return new PtxParameter(line, name, Math.Max(alignment, type.Size()), count * type.Size());
    }

    private PtxType ParseType()
    {
        string token = Next();
        return token.StartsWith('.') && PtxTypes.Parse(token[1..]) is { } type ? type : throw Error($"'{token}' is not a type.");
    }

    private PtxStatement[] ParseBody()
    {
        List<PtxStatement> body = [];
        Expect("{");
        for (int depth = 1; depth > 0;)
        {
            int line = Line;
            if (Accept("{"))
            {
                depth++;
                body.Add(new ScopeStatement(line, true));
            }
            else if (Accept("}"))
            {
                if (--depth > 0)
                    body.Add(new ScopeStatement(line, false));
            }
            else if (Current == ".reg")
            {
                ParseRegisters(body);
            }
            else if (Current is ".shared" or ".local")
            {
                body.Add(ParseVariable(false));
            }
            else if (at + 1 < tokens.Count && tokens[at + 1].Text == ":")
            {
                body.Add(new LabelStatement(line, Next()));
                Expect(":");
            }
            else
            {
                body.Add(ParseInstruction());
            }
        }
        return [.. body];
    }

    private void ParseRegisters(List<PtxStatement> body)
    {
        int line = Line;
        Expect(".reg");
        PtxType type = ParseType();
        do
        {
            string name = Next();
            int count = -1;
            if (Accept("<"))
            {
                count = Integer();
                Expect(">");
            }
            body.Add(new RegisterStatement(line, type, name, count));
        }
        while (Accept(","));
        Expect(";");
    }

    private VariableStatement ParseVariable(bool external)
    {
        int line = Line;
        string space = Next();
        int alignment = Accept(".align") ? Integer() : 1;
        PtxType type = ParseType();
        string name = Next();
        int length = 1;
        if (Accept("["))
        {
            length = external ? 0 : Integer();
            Expect("]");
        }
        Expect(";");
        return new VariableStatement(line, space, Math.Max(alignment, type.Size()), type.Size(), name, length);
    }

    private InstructionStatement ParseInstruction()
    {
        int line = Line;
        string? guard = null;
        bool negated = false;
        if (Accept("@"))
        {
            negated = Accept("!");
            guard = Next();
        }
        string mnemonic = Next();
        if (!char.IsAsciiLetter(mnemonic[0]))
            throw new PtxSyntaxException(line, $"'{mnemonic}' is not an instruction.");
        List<PtxOperand> operands = [];
        while (!Accept(";"))
        {
            if (operands.Count > 0)
                Expect(",");
            operands.Add(ParseOperand());
        }
        return new InstructionStatement(line, guard, negated, mnemonic.Split('.'), [.. operands]);
    }

    private PtxOperand ParseOperand()
    {
        if (Accept("{"))
        {
            List<PtxOperand> parts = [];
            do
                parts.Add(ParseOperand());
            while (Accept(","));
            Expect("}");
            return new VectorOperand([.. parts]);
        }
        if (!Accept("["))
            return ParseSimple();
        PtxOperand address = ParseSimple();
        long offset = 0;
        while (Current != "]")
        {
            bool minus = Accept("-");
            if (!minus)
                Accept("+");
            offset += ParseSimple() is IntegerOperand number ? minus ? -number.Value : number.Value : throw Error("an address offset is a number.");
        }
        Expect("]");
        return new AddressOperand(address, offset);
    }

    private PtxOperand ParseSimple()
    {
        bool minus = Accept("-");
        string token = Next();
        if (char.IsAsciiDigit(token[0]))
            return ParseNumber(token, minus);
        if (minus)
            throw Error($"number expected after '-', found '{token}'.");
        if (!(char.IsAsciiLetter(token[0]) || token[0] is '%' or '_' or '$'))
            throw Error($"'{token}' is not an operand.");
        return token[0] == '%' && !token.Contains('.', StringComparison.Ordinal) && !PtxSpecial.IsName(token) ? new RegisterOperand(token) : new SymbolOperand(token);
    }

    private PtxOperand ParseNumber(string token, bool minus)
    {
        if (token.StartsWith("0f", StringComparison.OrdinalIgnoreCase) && token.Length == 10)
            return new FloatOperand(uint.Parse(token.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture), false);
        if (token.StartsWith("0d", StringComparison.OrdinalIgnoreCase) && token.Length == 18)
            return new FloatOperand(ulong.Parse(token.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture), true);
        bool hex = token.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (!ulong.TryParse(hex ? token.AsSpan(2) : token.AsSpan(), hex ? NumberStyles.HexNumber : NumberStyles.None, CultureInfo.InvariantCulture, out ulong value))
            throw Error($"'{token}' is not a number.");
        return new IntegerOperand(minus ? -(long)value : (long)value);
    }
}
