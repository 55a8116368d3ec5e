using System.Globalization;

namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// The dictionary in the header of an npy file, e.g. <c>{'descr': '&lt;f4', 'fortran_order': False, 'shape': (3, 4), }</c>: parsed
/// as exactly these three keys with a string, a boolean and integers, not as Python.
/// </summary>
internal sealed class NpyHeader
{
    private const int MostAxes = 32;

    private static readonly (string Code, NumberType Type)[] Types =
    [
        ("u1", NumberType.UInt8), ("i1", NumberType.Int8), ("b1", NumberType.Bool),
        ("i2", NumberType.Int16), ("u2", NumberType.UInt16),
        ("i4", NumberType.Int32), ("u4", NumberType.UInt32),
        ("i8", NumberType.Int64), ("u8", NumberType.UInt64),
        ("f2", NumberType.Float16), ("f4", NumberType.Float32), ("f8", NumberType.Float64),
    ];

    private readonly string text;
    private readonly ByteInput input;
    private readonly long start;
    private int at;

    private NpyHeader(string text, ByteInput input, long start) => (this.text, this.input, this.start) = (text, input, start);

    public NumberType Type { get; private set; }

    public bool BigEndian { get; private set; }

    public bool Fortran { get; private set; }

    public long[] Sizes { get; private set; } = [];

    public static string Name(NumberType type) => (NumberBytes.SizeOf(type) == 1 ? "|" : "<") + Types.First(t => t.Type == type).Code;

    public static NpyHeader Parse(string text, ByteInput input, long start)
    {
        var header = new NpyHeader(text, input, start);
        header.ReadAll();
        return header;
    }

    private void ReadAll()
    {
        var missing = new HashSet<string> { "descr", "fortran_order", "shape" };
        Expect('{');
        while (Peek() != '}')
        {
            int place = at;
            string key = ReadText();
            if (!missing.Remove(key))
                throw Refuse($"the key {DataFault.Quote(key)}", "descr, fortran_order and shape, each once", place);
            Expect(':');
            ReadValue(key);
            if (Peek() == ',')
                at++;
            else if (Peek() != '}')
                throw Refuse($"{Found()} after a value", "',' or '}'");
        }
        Expect('}');
        if (missing.Count > 0)
            throw Refuse($"no key '{missing.Order(StringComparer.Ordinal).First()}'", "descr, fortran_order and shape");
        if (Peek() != '\0')
            throw Refuse($"{Found()} after the dictionary", "the header's end");
    }

    private void ReadValue(string key)
    {
        switch (key)
        {
            case "descr":
                ReadType();
                break;
            case "fortran_order":
                Fortran = ReadWord() switch { "True" => true, "False" => false, var word => throw Refuse(DataFault.Quote(word), "True or False") };
                break;
            default:
                ReadSizes();
                break;
        }
    }

    private void ReadType()
    {
        if (Peek() is not ('\'' or '"'))
            throw Refuse("a type of several fields", "one of " + Known());
        int place = at;
        string code = ReadText();
        string plain = code.TrimStart('<', '>', '|', '=');
        int index = Array.FindIndex(Types, t => t.Code == plain);
        if (plain.StartsWith('O'))
            throw Refuse("an array of Python objects, a pickle, which would run code", "numbers; save the array with dtype float32 or int64", place);
        if (index < 0 || code.Length > plain.Length + 1 || (code.Length == plain.Length && NumberBytes.SizeOf(Types[index].Type) > 1))
            throw Refuse($"the type {DataFault.Quote(code)}", "one of " + Known(), place);
        Type = Types[index].Type;
        BigEndian = code[0] == '>' && NumberBytes.SizeOf(Type) > 1;
    }

    private void ReadSizes()
    {
        var sizes = new List<long>();
        Expect('(');
        while (Peek() != ')')
        {
            string word = ReadWord();
            if (!long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out long size))
                throw Refuse($"the size {DataFault.Quote(word)}", "a whole number");
            sizes.Add(size);
            if (sizes.Count > MostAxes)
                throw Refuse($"more than {MostAxes} axes", "fewer");
            if (Peek() == ',')
                at++;
            else if (Peek() != ')')
                throw Refuse($"{Found()} after a size", "',' or ')'");
        }
        Expect(')');
        Sizes = [.. sizes];
    }

    private string ReadText()
    {
        char quote = Peek();
        if (quote is not ('\'' or '"'))
            throw Refuse(Found(), "a text in quotes");
        int end = text.IndexOf(quote, at + 1);
        if (end < 0)
            throw Refuse("a text that does not end", "a quote");
        string found = text[(at + 1)..end];
        at = end + 1;
        return found;
    }

    private string ReadWord()
    {
        Peek();
        int begin = at;
        while (at < text.Length && char.IsAsciiLetterOrDigit(text[at]))
            at++;
        return text[begin..at];
    }

    private void Expect(char wanted)
    {
        if (Peek() != wanted)
            throw Refuse(Found(), $"'{wanted}'");
        at++;
    }

    // The next character that is not a space; NUL at the end.
    private char Peek()
    {
        while (at < text.Length && text[at] is ' ' or '\n' or '\t' or '\r')
            at++;
        return at < text.Length ? text[at] : '\0';
    }

    private string Found() => at < text.Length ? DataFault.Quote(text[at].ToString()) : "the header's end";

    private GpuGradException Refuse(string found, string expected, int? place = null) => input.Refuse(found, expected, start + (place ?? at));

    private static string Known() => string.Join(", ", Types.Select(t => t.Code)) + " with a byte order";
}
