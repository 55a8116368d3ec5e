using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Config;

/// <summary>Reads text, numbers, booleans and enums. Numbers are read the same on every machine: no thousands separator, a decimal point.</summary>
internal static class ScalarBinder
{
    public static bool TryBind(Type type, YamlNode node, string what, [NotNullWhen(true)] out object? value)
    {
        value = null;
        string? expected = ExpectedOf(type);
        if (expected is null)
            return false;
        if (node is not YamlScalar { IsNull: false } scalar)
            throw new ConfigException(node.Mark, $"{what} is {node.Kind}; expected {expected}");
        value = type.IsEnum ? ReadEnum(type, scalar, what) : Read(type, scalar);
        if (value is null)
            throw new ConfigException(node.Mark, $"{what} is {scalar.Kind}; expected {expected}");
        return true;
    }

    /// <summary>Reads a finite number in YAML's syntax.</summary>
    public static bool TryNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float & ~NumberStyles.AllowTrailingWhite & ~NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    public static bool TryWhole(string text, out long value)
    {
        value = 0;
        return !LooksOctal(text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    private static bool LooksOctal(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> digits = text.TrimStart('-');
        return digits.Length > 1 && digits[0] == '0';
    }

    private static string? ExpectedOf(Type type)
    {
        if (type == typeof(string))
            return "text";
        if (type == typeof(bool))
            return "true or false";
        if (type == typeof(int) || type == typeof(long))
            return "a whole number";
        if (type == typeof(ulong))
            return "a whole number of 0 or more, below 2^64";
        if (type == typeof(double))
            return "a number";
        return type.IsEnum ? "one of " + string.Join(", ", Enum.GetNames(type).Select(Naming.Kebab)) : null;
    }

    private static object? Read(Type type, YamlScalar scalar)
    {
        string text = scalar.Value;
        if (type == typeof(string))
            return text;
        if (scalar.Quoted)
            return null;
        if (type == typeof(bool))
            return text switch { "true" => true, "false" => false, _ => null };
        if (type == typeof(double))
            return TryNumber(text, out double number) ? number : null;
        if (type == typeof(ulong))
            return !LooksOctal(text) && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong natural) ? natural : null;
        if (!TryWhole(text, out long whole))
            return null;
        if (type == typeof(long))
            return whole;
        return whole is >= int.MinValue and <= int.MaxValue ? (int)whole : null;
    }

    private static object ReadEnum(Type type, YamlScalar scalar, string what)
    {
        foreach (object value in Enum.GetValues(type))
        {
            if (Naming.Kebab(value.ToString()!) == scalar.Value)
                return value;
        }
        throw new ConfigException(scalar.Mark, $"{what} is '{scalar.Shown}'; {Suggestion.For(scalar.Value, Enum.GetNames(type).Select(Naming.Kebab))}");
    }
}
